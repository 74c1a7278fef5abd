using System.Text;

namespace Caretta.Cluster.Tests.Support;

/// <summary>Writes files that say where an API server is and who asks.</summary>
internal static class Kubeconfig
{
    /// <param name="path">The file.</param>
    /// <param name="endpoint">Of the server.</param>
    /// <param name="authority">Of its certificate.</param>
    /// <param name="credentials">Lines of YAML under <c>user:</c>, without indentation, say <c>token: abc</c>.</param>
    public static void Write(string path, Uri endpoint, TestAuthority authority, string credentials) => File.WriteAllText(path, $"""
        apiVersion: v1
        kind: Config
        current-context: test
        contexts:
        - name: test
          context:
            cluster: test
            user: test
        clusters:
        - name: test
          cluster:
            server: {endpoint.ToString().TrimEnd('/')}
            certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(authority.RootPem))}
        users:
        - name: test
          user:
            {credentials.ReplaceLineEndings("\n    ")}

        """);
}
