using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

namespace Caretta.Chart.Tests.Support;

/// <summary>The directory that a kubelet mounts for a pod's service account: token, authority and namespace.</summary>
internal sealed class PodAccount : IDisposable
{
    private readonly TemporaryDirectory _files = new();

    private PodAccount()
    {
    }

    /// <summary>As mounted at <c>/var/run/secrets/kubernetes.io/serviceaccount</c>.</summary>
    public string Directory => _files["."];

    /// <summary>A command to put before a program, so that it finds the directory where a pod would. Needs root.</summary>
    public string[] Launcher =>
    [
        "unshare", "--mount", "sh", "-c",
        "mount -t tmpfs tmpfs /run && mkdir -p \"$1\" && mount --bind \"$0\" \"$1\" && shift && exec \"$@\"",
        Directory, "/run/secrets/kubernetes.io/serviceaccount",
    ];

    /// <summary>Asks the server for a token of an account that exists.</summary>
    public static async Task<PodAccount> CreateAsync(ApiServer server, string space, string name, CancellationToken cancellation)
    {
        JsonObject answer = await server.Admin.PostAsync(
            KubePath.Of("v1", "ServiceAccount", space, name) + "/token",
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1",
                ["kind"] = "TokenRequest",
                ["spec"] = new JsonObject { ["expirationSeconds"] = 3600 },
            },
            cancellation);
        var account = new PodAccount();
        await File.WriteAllTextAsync(account._files["token"], (string)answer["status"]!["token"]!, cancellation);
        await File.WriteAllTextAsync(account._files["ca.crt"], server.Authority.RootPem, cancellation);
        await File.WriteAllTextAsync(account._files["namespace"], space, cancellation);
        return account;
    }

    public void Dispose() => _files.Dispose();
}
