using System.Globalization;
using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Chart.Tests.Support;

/// <summary>
/// A cluster into which helm has installed the chart: a real API server with its controllers, the DaemonSet's pod run as a container
/// from the image, workloads that talk, and VictoriaMetrics and Prometheus with the scrape configuration of the chart.
/// </summary>
public sealed class ChartScene : IAsyncLifetime
{
    internal const string Space = "caretta";
    internal const string NodeName = "node-a";
    internal const int Port = 7019;     // of these tests alone
    internal const int RefusedPort = 9;
    internal const string OutsideName = "outside.example.com";

    private const string OutsideAddress = "203.0.113.9";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<IAsyncDisposable> _running = [];
    private readonly List<IDisposable> _made = [];
    private readonly TemporaryDirectory _files = new();
    private readonly CancellationTokenSource _end = new();
    private Task _talk = Task.CompletedTask;
    private ApiServer? _server;
    private PodContainer? _agent;
    private PodNetwork? _network;
    private PodAccount? _account;

    internal ApiServer Server => _server!;

    /// <summary>The agent's container.</summary>
    internal PodContainer Agent => _agent!;

    /// <summary>The agent's pod, as the DaemonSet's controller made it.</summary>
    internal JsonObject AgentPod { get; private set; } = [];

    internal static Uri AgentAddress => new($"http://{PodNetwork.Address}:7117/");

    /// <summary>Base addresses of the servers that scrape, by name.</summary>
    internal Dictionary<string, Uri> Scrapers { get; } = [];

    /// <summary>May do what the agent's account may.</summary>
    internal KubeClient CreateAgentClient()
    {
        string token = File.ReadAllText(Path.Combine(_account!.Directory, "token"));
        return Keep(new KubeClient(Server.Endpoint, Server.Authority, () => token));
    }

    /// <summary>Runs a pod of the agent's as the agent's own is run, beside it.</summary>
    internal PodContainer StartContainer(JsonObject pod, params string[] arguments) =>
        PodContainer.Start(pod, _account!, _network!.Path, $"{OutsideAddress} {OutsideName}\n", arguments);

    public async ValueTask InitializeAsync()
    {
        CancellationToken cancellation = _end.Token;
        _server = await ApiServer.StartAsync(new ApiServerOptions { Controllers = true, Flags = ["--bind-address", "0.0.0.0"] }, cancellation);
        await Server.Admin.CreateAsync(Manifest.Node(NodeName, "192.0.2.1"), cancellation);

        // New nodes are tainted as not ready; no kubelet will say otherwise.
        await Server.Admin.PatchAsync(
            KubePath.Of("v1", "Node", null, NodeName), new JsonObject { ["spec"] = new JsonObject { ["taints"] = null } }, cancellation);
        await Helm.ExpectAsync(cancellation, [
            "install", "caretta", Helm.Chart, "--namespace", Space, "--create-namespace", "--kubeconfig", Server.AdminKubeconfig,
            "--set", "securityContext.seccompProfile.type=RuntimeDefault,pollIntervalSeconds=0.5"]);
        await StartAgentAsync(cancellation);
        await StartWorkloadsAsync(cancellation);
        await StartScrapersAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _talk;
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            await _running[i].DisposeAsync();
        }

        for (int i = _made.Count - 1; i >= 0; i--)
        {
            _made[i].Dispose();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _files.Dispose();
        _end.Dispose();
    }

    // There is no scheduler and no kubelet: the test binds the pod, runs it, and says so.
    private async Task StartAgentAsync(CancellationToken cancellation)
    {
        JsonObject pod = await Eventually.GetAsync(
            "the DaemonSet has its pod",
            Patience,
            async () => (await Server.Admin.ListAsync(KubePath.Pods(Space) + "?labelSelector=app%3Dcaretta", cancellation)).SingleOrDefault(),
            cancellation);
        string name = (string)pod["metadata"]!["name"]!;
        string path = KubePath.Pod(Space, name);
        await Server.Admin.PostAsync(
            path + "/binding",
            Manifest.Parse("v1", "Binding", Space, name, $$"""{"target":{"apiVersion":"v1","kind":"Node","name":"{{NodeName}}"} }"""),
            cancellation);
        AgentPod = await Server.Admin.GetAsync(path, cancellation);

        _network = Keep(new PodNetwork(Server));
        _account = Keep(await PodAccount.CreateAsync(Server, Space, (string)AgentPod.At("spec/serviceAccountName")!, cancellation));
        _agent = StartContainer(AgentPod);
        _running.Add(_agent);
        await Eventually.GetAsync(
            "the agent is ready",
            Patience,
            async () => _agent.HasExited
                ? throw new InvalidOperationException($"the agent ended: {_agent.Log}")
                : await HttpGet.ReadAsync(new Uri(AgentAddress, "readyz"), cancellation),
            cancellation);
        await Server.Admin.SetPodStatusAsync(path, "Running", cancellation, PodNetwork.Address);
    }

    private async Task StartWorkloadsAsync(CancellationToken cancellation)
    {
        const string Shop = "shop";
        NodeNetwork network = Keep(new NodeNetwork());
        await Server.Admin.CreateAsync(Manifest.Namespace(Shop), cancellation);
        RunningPod web = await RunAsync("web", "10.244.0.2");
        RunningPod store = await RunAsync("store", "10.244.0.3");
        Keep(network.AddPod(OutsideAddress));

        await store.Traffic.ListenAsync("10.244.0.3", cancellation, Port);
        await web.Traffic.AskAsync($"connect store v4 10.244.0.3:{Port}", cancellation);

        // A service that bears the name of the workload behind it, as most do.
        JsonObject service = await Server.Admin.CreateAsync(Manifest.Service(Shop, "store", Port), cancellation);
        string clusterAddress = (string)service.At("spec/clusterIP")!;
        network.Translate(clusterAddress, "10.244.0.3", Port);
        await web.Traffic.AskAsync($"connect service v4 {clusterAddress}:{Port}", cancellation);
        _talk = TalkAsync(web.Traffic, cancellation);

        async Task<RunningPod> RunAsync(string name, string address)
        {
            await Server.Admin.CreateAsync(Manifest.Deployment(Shop, name, 1, NodeName), cancellation);
            JsonObject pod = await Eventually.GetAsync(
                $"the deployment {name} has its pod",
                Patience,
                async () => (await Server.Admin.ListAsync(KubePath.Pods(Shop) + "?labelSelector=app%3D" + name, cancellation)).SingleOrDefault(),
                cancellation);
            RunningPod running = await RunningPod.StartAsync(Server.Admin, network, pod, cancellation, address);
            _running.Add(running);
            return running;
        }
    }

    // Bytes on a connection that stays, short ones, and some that are refused: one by somebody outside, who answers without a socket
    // (a socket on this machine would be known by its owner).
    private static async Task TalkAsync(TrafficProcess web, CancellationToken cancellation)
    {
        try
        {
            for (int i = 0; !cancellation.IsCancellationRequested; i++)
            {
                await web.AskAsync("exchange store 1000 20000", cancellation);
                await web.AskAsync("exchange service 3000 60000", cancellation);
                string name = string.Create(CultureInfo.InvariantCulture, $"short-{i}");
                await web.AskAsync($"connect {name} v4 10.244.0.3:{Port}", cancellation);
                await web.AskAsync($"exchange {name} 10 10", cancellation);
                await web.AskAsync($"close {name} fin", cancellation);
                await Assert.ThrowsAsync<InvalidOperationException>(() => web.AskAsync($"connect no-{name} v4 10.244.0.3:{RefusedPort}", cancellation));
                await Assert.ThrowsAsync<InvalidOperationException>(() => web.AskAsync($"connect out-{name} v4 {OutsideAddress}:{RefusedPort}", cancellation));
                await Task.Delay(100, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The scene ends.
        }
    }

    private async Task StartScrapersAsync(CancellationToken cancellation)
    {
        JsonObject server = await Server.Admin.GetAsync(KubePath.Of("apps/v1", "StatefulSet", Space, "caretta-vm"), cancellation);
        PodAccount account = Keep(await PodAccount.CreateAsync(Server, Space, (string)server.At("spec/template/spec/serviceAccountName")!, cancellation));
        JsonObject configuration = await Server.Admin.GetAsync(KubePath.Of("v1", "ConfigMap", Space, "caretta-vm-scrapeconfig"), cancellation);

        // As it is, but for the interval: each query needs a few samples.
        string scrape = (string)configuration.At("data/scrape.yml")!;
        await File.WriteAllTextAsync(
            _files["scrape.yml"], scrape.Replace("scrape_interval: 5s", "scrape_interval: 1s", StringComparison.Ordinal), cancellation);

        // Debian builds its Prometheus without the discovery of Kubernetes: it is told what VictoriaMetrics finds.
        await File.WriteAllTextAsync(_files["prometheus.yml"], $"""
            scrape_configs:
              - job_name: caretta
                scrape_interval: 1s
                scrape_timeout: 1s
                static_configs:
                  - targets: ["{AgentAddress.Authority}"]
                    labels:
                      caretta_pod: {AgentPod.At("metadata/name")}
                      caretta_node: {NodeName}

            """, cancellation);

        // Without -search.latencyOffset the newest 30 s are not shown.
        int port = ChildProcess.FreePort();
        Start("VictoriaMetrics", port, "victoria-metrics", $"-promscrape.config={_files["scrape.yml"]}", $"-storageDataPath={_files["vm"]}",
            $"-httpListenAddr=127.0.0.1:{port}", "-search.latencyOffset=1s", "-search.disableCache");
        port = ChildProcess.FreePort();
        Start("Prometheus", port, "prometheus", $"--config.file={_files["prometheus.yml"]}", $"--storage.tsdb.path={_files["prometheus"]}",
            $"--web.listen-address=127.0.0.1:{port}");

        void Start(string name, int port, params string[] command)
        {
            string[] words = [.. account.Launcher, .. command];
            ChildProcess scraper = new(words[0], words[1..], environment: ServiceAccount.EnvironmentFor(Server.Port));
            _running.Add(scraper);
            Scrapers.Add(name, new Uri($"http://127.0.0.1:{port}/"));
        }
    }

    private T Keep<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }
}
