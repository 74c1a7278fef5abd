using System.Text;
using Caretta.Aot.Http;
using Caretta.Aot.Identity;
using Caretta.Aot.Kubernetes;
using Caretta.Aot.Links;
using Caretta.Aot.Map;
using Caretta.Aot.Metrics;
using Caretta.Aot.Snapshots;
using Caretta.Aot.Store;
using Caretta.Bpf;

namespace Caretta.Aot;

/// <summary>The running agent: listener, kernel programs and poll loop, made in this order and ended in the opposite one.</summary>
internal sealed class AgentService : IAsyncDisposable
{
    // An unknown cgroup makes the whole tree be walked. Soon, for a short-lived container's is gone again soon.
    private static readonly TimeSpan CgroupRescan = TimeSpan.FromMilliseconds(20);

    private static readonly ReadOnlyMemory<byte> Healthy = "ok\n"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> NotReady = "not ready: the last poll failed, or none was made yet\n"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Starting = "starting: no poll was made yet\n"u8.ToArray();

    private readonly AgentOptions _options;
    private readonly DateTimeOffset _startTime;
    private readonly Log _log;
    private readonly ManualResetEventSlim _wake;
    private readonly HttpServer _server;
    private readonly ReadOnlyMemory<byte> _index;
    private readonly MapRoutes? _map;
    private MetricsContent.Pool? _pages;
    private Agent? _agent;
    private long _scrapes;

    /// <summary>Listens; answers that it is starting until <see cref="Run"/>.</summary>
    /// <exception cref="HttpBindException">The port cannot be had.</exception>
    public AgentService(AgentOptions options, DateTimeOffset startTime, ManualResetEventSlim wake, Log log)
    {
        _wake = wake;
        _options = options;
        _startTime = startTime;
        _log = log;
        _index = Encoding.UTF8.GetBytes(WriteIndex(options));
        _map = !options.Map ? null
            : new MapRoutes(options.PrometheusUrl.Length == 0 ? null
                : new ClusterAnswers(new StoreClient(options.PrometheusUrl, new StoreLimits()), TimeProvider.System));
        var serverOptions = new HttpServerOptions
        {
            Port = options.Port,
            OnError = exception => log.Warn("http", $"request failed: {exception.Message}"),
        };
        _server = new HttpServer(serverOptions,
        [
            new HttpRoute(options.Endpoint, ServeMetrics),
            new HttpRoute("/healthz", static (in _) => HttpReply.Text(200, Healthy)),
            new HttpRoute("/readyz", (in _) => Volatile.Read(ref _agent) is { IsReady: true } ? HttpReply.Text(200, Healthy) : HttpReply.Text(503, NotReady)),
            .. _map?.Routes ?? [new HttpRoute("/", (in _) => HttpReply.Text(200, _index))],
        ]);
        _server.Start();
    }

    /// <summary>Loads, attaches and polls until <paramref name="stop"/>.</summary>
    /// <exception cref="TierException">The kernel refused every tier.</exception>
    /// <exception cref="KubernetesConfigException">There is a cluster, and how to reach it cannot be understood.</exception>
    public void Run(StopSignal stop)
    {
        string? cgroupMount = CgroupTree.FindMount();
        KubernetesConfig? cluster = KubernetesConfig.Find(Environment.GetEnvironmentVariable, TimeProvider.System);
        var workloads = new WorkloadTable();
        var cgroups = new CgroupPaths(cgroupMount is null ? null : new CgroupTree(cgroupMount, TimeProvider.System, CgroupRescan));
        using INaming naming = cluster is null
            ? new HostNaming(workloads, cgroups)
            : new ClusterNaming(cluster, _options, workloads, cgroups, _wake.Set, _log);

        // The API server answers while the kernel verifies.
        (naming as ClusterNaming)?.Start();

        // In a cluster the control group alone says who it is.
        using ILinkTier tier = TierChoice.Start(
            BuildInfo.TierObjects, _options.Without, cgroupMount, trackProcesses: cluster is null, out TierChoice choice);

        using var memory = new AgentMemory(tier);
        var facts = new AgentFacts
        {
            Version = BuildInfo.Version,
            Revision = BuildInfo.Revision,
            Kernel = KernelRelease.Text,
            Tier = tier.Kind.Name(),
            TierReason = choice.Reason,
            StartTime = _startTime,
            Programs = [.. tier.Programs.Select(static program => program.Name)],
            Maps = memory.MapNames,
            WatchedTypes = (naming as ClusterNaming)?.WatchedTypes ?? [],
        };
        var exchange = new SnapshotExchange(facts);
        var limits = new LinkLimits { MaxLinks = _options.MaxLinks, LinkTtl = _options.LinkTtl, SkipLoopback = naming.SkipsLoopback };
        var agent = new Agent(
            tier, memory, exchange, facts, workloads, naming, limits, _wake, _options.PollInterval, () => Interlocked.Read(ref _scrapes), _log);
        Volatile.Write(ref _pages, new MetricsContent.Pool(new MetricsPagePool(exchange, new MetricsLayout(facts, _options.LinkFamilies))));
        Volatile.Write(ref _agent, agent);
        _map?.Begin(
            new MapAnswers(
                () => new NodeMap(exchange, NodeName, _options.PollInterval, _options.PrometheusUrl.Length > 0),
                TimeProvider.System),
            new PolicyAnswers(cluster),
            () => agent.HasPolled);

        // Parsing the kernel's types took some megabytes that are not needed again, and the code that did.
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ResidentCode.Release();
        string names = cluster is null ? "this machine" : $"the cluster at {cluster.Server} ({cluster.Source})";
        if (choice.Reason is not null)
        {
            _log.Warn("tier", $"no better tier than {tier.Kind.Name()} runs here: {choice.Reason}");
        }

        KernelCounters counters = tier.Counters;
        string unseen = counters.UntrackedConnections == 0 ? "" : $"{counters.UntrackedConnections} that were open before stay unseen, ";
        _log.Info($"tier {tier.Kind.Name()}: {counters.AdoptedSockets} connections adopted, {unseen}names from {names}, "
            + $"metrics on port {_server.EndPoint.Port}{_options.Endpoint}");
        agent.Run(stop);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _map?.Dispose();
        await _server.DisposeAsync();
    }

    private string NodeName => _options.NodeName.Length > 0 ? _options.NodeName : Environment.MachineName;

    private static string WriteIndex(AgentOptions options) =>
        $"caretta {BuildInfo.Version}: who talks to whom on this machine\n\n"
        + $"{options.Endpoint}  metrics (Prometheus text, OpenMetrics)\n/healthz  the process is alive\n/readyz   the last poll succeeded\n\n"
        + "The map is switched off: MAP=true, or the flag --map, serves it here.\n";

    private HttpReply ServeMetrics(in HttpRequest request)
    {
        // Before the first poll a page would say that nothing talks to anything.
        if (Volatile.Read(ref _agent) is not { HasPolled: true } || _pages is null)
        {
            return HttpReply.Text(503, Starting);
        }

        Interlocked.Increment(ref _scrapes);
        return HttpReply.Stream(_pages.Rent(HttpNegotiation.ChooseExposition(request)), negotiated: true);
    }
}
