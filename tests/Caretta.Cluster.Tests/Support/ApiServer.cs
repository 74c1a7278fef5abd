using System.Globalization;
using System.Security.Cryptography;

using Caretta.Testing;

namespace Caretta.Cluster.Tests.Support;

/// <summary>
/// A real Kubernetes API server with its etcd, on loopback, with data and keys in a directory of the test. Authorisation is RBAC;
/// nothing is allowed to anonymous callers but the health paths. There is no scheduler and no kubelet: a test names the node in
/// a pod's specification and plays the kubelet by patching the pod's status.
/// </summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private const string Issuer = "https://kubernetes.default.svc";

    private readonly ApiServerOptions _options;
    private readonly TemporaryDirectory _files = new();
    private readonly TestAuthority _authority = new();
    private readonly string _adminToken = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private Etcd? _etcd;
    private ChildProcess? _server;
    private ChildProcess? _controllers;
    private KubeClient? _admin;

    private ApiServer(ApiServerOptions options) => _options = options;

    /// <summary>The same over all restarts.</summary>
    public int Port { get; } = ChildProcess.FreePort();

    public Uri Endpoint => new($"https://127.0.0.1:{Port}");

    public TestAuthority Authority => _authority;

    /// <summary>May do everything.</summary>
    public KubeClient Admin => _admin!;

    /// <summary>Of one who may do everything.</summary>
    public string AdminToken => _adminToken;

    /// <summary>A kubeconfig of one who may do everything, by token.</summary>
    public string AdminKubeconfig => _files["admin.kubeconfig"];

    /// <summary>What kube-apiserver wrote since its last start.</summary>
    public string Log => _server?.Log ?? "";

    /// <summary>Starts everything and waits until the server is ready.</summary>
    public static async Task<ApiServer> StartAsync(ApiServerOptions options, CancellationToken cancellation)
    {
        var server = new ApiServer(options);
        try
        {
            server.WriteFiles();
            server._admin = new KubeClient(server.Endpoint, server._authority, () => server._adminToken);
            server._etcd = await Etcd.StartAsync(server._files["etcd"], cancellation);
            await server.StartAsync(cancellation);
            if (options.Controllers)
            {
                server.StartControllers();
            }

            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server again after <see cref="KillAsync"/>, with the same port, keys and data, and waits until it is ready.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        _server = new ChildProcess(ClusterTools.Find("kube-apiserver"), [
            "--etcd-servers", _etcd!.Endpoint.ToString(),
            "--bind-address", "127.0.0.1",
            "--advertise-address", "127.0.0.1",
            "--secure-port", Port.ToString(CultureInfo.InvariantCulture),
            "--insecure-port", "0",
            "--tls-cert-file", _files["server.crt"],
            "--tls-private-key-file", _files["server.key"],
            "--cert-dir", _files["certificates"],
            "--client-ca-file", _files["ca.crt"],
            "--token-auth-file", _files["tokens.csv"],
            "--authorization-mode", "RBAC",
            "--service-account-issuer", Issuer,
            "--api-audiences", Issuer,
            "--service-account-signing-key-file", _files["accounts.key"],
            "--service-account-key-file", _files["accounts.key"],
            "--service-cluster-ip-range", "10.96.0.0/16,fd00:96::/112",
            "--feature-gates", "IPv6DualStack=true",

            // Its own address as an endpoint of the service "kubernetes" may not be loopback.
            "--endpoint-reconciler-type", "none",

            // Would refuse pods of a namespace whose default account the controllers have not made yet.
            "--disable-admission-plugins", "ServiceAccount",
            "--watch-cache=" + (_options.WatchCache ? "true" : "false"),
            .. _options.Flags]);
        await Eventually.GetAsync(
            "the API server is ready",
            TimeSpan.FromSeconds(60),
            async () => _server.HasExited
                ? throw new InvalidOperationException($"kube-apiserver ended: {_server.Log}")
                : await Admin.TryReadTextAsync("/readyz", cancellation),
            cancellation);
    }

    /// <summary>Ends the API server as a crash would; etcd and the controllers go on.</summary>
    public Task KillAsync(CancellationToken cancellation) => _server!.KillAsync(cancellation);

    /// <summary>Makes etcd forget all history before now.</summary>
    /// <returns>The revision compacted to.</returns>
    public Task<long> CompactAsync(CancellationToken cancellation) => _etcd!.CompactAsync(cancellation);

    /// <summary>Writes a kubeconfig for this server.</summary>
    /// <param name="file">A name, unique in the test.</param>
    /// <param name="credentials">Lines of YAML under <c>user:</c>, without indentation, say <c>token: abc</c>.</param>
    /// <param name="endpoint">Another way to the server, say through a relay.</param>
    /// <returns>The path.</returns>
    public string WriteKubeconfig(string file, string credentials, Uri? endpoint = null)
    {
        Kubeconfig.Write(_files[file], endpoint ?? Endpoint, _authority, credentials);
        return _files[file];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess? process in (ChildProcess?[])[_controllers, _server])
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        if (_etcd is not null)
        {
            await _etcd.DisposeAsync();
        }

        _admin?.Dispose();
        _authority.Dispose();
        _files.Dispose();
    }

    private void WriteFiles()
    {
        (string certificate, string key) = _authority.IssueServer();
        File.WriteAllText(_files["server.crt"], certificate);
        File.WriteAllText(_files["server.key"], key);
        File.WriteAllText(_files["ca.crt"], _authority.RootPem);
        File.WriteAllText(_files["tokens.csv"], $"{_adminToken},admin,admin,system:masters\n");
        using var accounts = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(_files["accounts.key"], accounts.ExportECPrivateKeyPem());
        WriteKubeconfig("admin.kubeconfig", $"token: {_adminToken}");
    }

    private void StartControllers() => _controllers = new ChildProcess(ClusterTools.Find("kube-controller-manager"), [
        "--kubeconfig", AdminKubeconfig,
        "--controllers", "deployment,replicaset,replicationcontroller,statefulset,daemonset,job,cronjob,endpoint,endpointslice,garbagecollector,namespace",
        "--leader-elect=false",
        "--port", "0",
        "--secure-port", "0",
        "--kube-api-qps", "500",
        "--kube-api-burst", "1000"]);
}
