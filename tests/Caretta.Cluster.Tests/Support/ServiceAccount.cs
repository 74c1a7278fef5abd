using System.Globalization;
using System.Text.Json.Nodes;

using Caretta.Testing;

namespace Caretta.Cluster.Tests.Support;

/// <summary>
/// The agent's account, and the directory that a kubelet would mount for it (<c>token</c>, <c>ca.crt</c>, <c>namespace</c>): the files
/// are links into a directory that is replaced as a whole, as a projected volume does it.
/// </summary>
internal sealed class ServiceAccount : IDisposable
{
    public const string Space = "caretta";
    public const string Name = "caretta";

    private readonly ApiServer _server;
    private readonly TemporaryDirectory _files = new();
    private string? _secret;
    private int _rotations;

    private ServiceAccount(ApiServer server)
    {
        _server = server;
        Client = new KubeClient(server.Endpoint, server.Authority, ReadToken);
    }

    /// <summary>As mounted at <c>/var/run/secrets/kubernetes.io/serviceaccount</c>.</summary>
    public string Directory => _files["."];

    /// <summary>May do what the account may.</summary>
    public KubeClient Client { get; }

    /// <summary>
    /// A command to put before a program, so that it finds the directory where a pod would: with a mount namespace of its own, whose
    /// <c>/run</c> has nothing else. Needs root.
    /// </summary>
    public string[] Launcher =>
    [
        "unshare", "--mount", "sh", "-c",
        "mount -t tmpfs tmpfs /run && mkdir -p \"$1\" && mount --bind \"$0\" \"$1\" && shift && exec \"$@\"",
        Directory, "/run/secrets/kubernetes.io/serviceaccount",
    ];

    /// <summary>The variables that a kubelet sets for every container.</summary>
    /// <param name="port">Of the server, or of a relay before it.</param>
    public static IReadOnlyDictionary<string, string> EnvironmentFor(int port) => new Dictionary<string, string>
    {
        ["KUBERNETES_SERVICE_HOST"] = "127.0.0.1",
        ["KUBERNETES_SERVICE_PORT"] = port.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Makes namespace, account, role and binding, and the first token.</summary>
    /// <param name="server">The cluster.</param>
    /// <param name="role">What the account may do, say <see cref="Manifest.AgentRole"/>; null for nothing.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<ServiceAccount> CreateAsync(ApiServer server, JsonObject? role, CancellationToken cancellation)
    {
        await server.Admin.CreateAsync(Manifest.Namespace(Space), cancellation);
        await server.Admin.CreateAsync(Manifest.Parse("v1", "ServiceAccount", Space, Name), cancellation);
        if (role is not null)
        {
            await server.Admin.CreateAsync(role, cancellation);
            await server.Admin.CreateAsync(Manifest.Binding((string)role["metadata"]!["name"]!, Space, Name), cancellation);
        }

        var account = new ServiceAccount(server);
        try
        {
            await account.RotateAsync(cancellation);
            return account;
        }
        catch
        {
            account.Dispose();
            throw;
        }
    }

    public string ReadToken() => File.ReadAllText(Path.Combine(Directory, "token"));

    /// <summary>
    /// Puts a new token into the directory and ends the old one: it is bound to a secret that is deleted. The server may take it from
    /// its memory for ten seconds more.
    /// </summary>
    public async Task RotateAsync(CancellationToken cancellation)
    {
        string? old = _secret;
        _secret = $"token-{++_rotations}";
        JsonObject secret = await _server.Admin.CreateAsync(Manifest.Parse("v1", "Secret", Space, _secret), cancellation);
        JsonObject answer = await _server.Admin.PostAsync(
            KubePath.Of("v1", "ServiceAccount", Space, Name) + "/token",
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1",
                ["kind"] = "TokenRequest",
                ["spec"] = new JsonObject
                {
                    ["expirationSeconds"] = 3600,
                    ["boundObjectRef"] = new JsonObject
                    {
                        ["apiVersion"] = "v1",
                        ["kind"] = "Secret",
                        ["name"] = _secret,
                        ["uid"] = (string)secret["metadata"]!["uid"]!,
                    },
                },
            },
            cancellation);
        Publish((string)answer["status"]!["token"]!);
        if (old is not null)
        {
            await _server.Admin.DeleteAsync(KubePath.Of("v1", "Secret", Space, old), cancellation);
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        _files.Dispose();
    }

    private void Publish(string token)
    {
        string version = $"..version-{_rotations}";
        System.IO.Directory.CreateDirectory(_files[version]);
        File.WriteAllText(Path.Combine(_files[version], "token"), token);
        File.WriteAllText(Path.Combine(_files[version], "ca.crt"), _server.Authority.RootPem);
        File.WriteAllText(Path.Combine(_files[version], "namespace"), Space);

        // A rename replaces the link in one step, so a reader sees the old version or the new one. File.Move would look for a file
        // behind the link, and Directory.Move would not replace one.
        File.CreateSymbolicLink(_files["..data.new"], version);
        Command.Run("mv", "-T", _files["..data.new"], _files["..data"]);
        foreach (string name in (string[])["token", "ca.crt", "namespace"])
        {
            if (!File.Exists(_files[name]))
            {
                File.CreateSymbolicLink(_files[name], Path.Combine("..data", name));
            }
        }
    }
}
