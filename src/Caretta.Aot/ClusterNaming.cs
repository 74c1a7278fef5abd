using Caretta.Aot.Cluster;
using Caretta.Aot.Dns;
using Caretta.Aot.Identity;
using Caretta.Aot.Kubernetes;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot;

/// <summary>Names on a node of a cluster: watches the API server and keeps the index that links are named by.</summary>
internal sealed class ClusterNaming : INaming
{
    private static readonly ClusterObjectType[] Types =
        [ClusterObjectType.Pod, ClusterObjectType.Service, ClusterObjectType.Node, ClusterObjectType.EndpointSlice];

    private static readonly TimeSpan DenialPatience = TimeSpan.FromSeconds(10);

    private readonly long _started = TimeProvider.System.GetTimestamp();
    private readonly ClusterChanges _changes;
    private readonly KubernetesClient _client;
    private readonly WorkloadIndex _index;
    private readonly ClusterNames _names;
    private readonly ClusterResolver _resolver;
    private readonly ReverseDns? _dns;
    private readonly bool[] _givenUp = new bool[Types.Length];
    private Action? _nameHeld;

    /// <summary>Makes the parts; requests nothing before <see cref="Start"/>.</summary>
    /// <param name="config">Which cluster.</param>
    /// <param name="options">What users chose.</param>
    /// <param name="workloads">Gives out the numbers of names.</param>
    /// <param name="cgroups">The machine's control groups.</param>
    /// <param name="wake">Called, on any thread, when the poll thread should ask <see cref="WantsPoll"/>.</param>
    /// <param name="log">Where trouble is told.</param>
    /// <exception cref="KubernetesConfigException">The cluster's authorities cannot be read.</exception>
    public ClusterNaming(
        KubernetesConfig config, AgentOptions options, WorkloadTable workloads, ICgroupPaths cgroups, Action wake, Log log)
    {
        _changes = new ClusterChanges(wake);
        var rules = new NamingRules(options.TraverseUpHierarchy, options.ServiceAsWorkload);
        _client = new KubernetesClient(
            config,
            new KubernetesSinks(_changes, _changes, _changes, options.ServiceAsWorkload ? _changes : null),
            new KubernetesOptions(),
            log);
        _index = new WorkloadIndex(workloads, _client.Owners, TimeProvider.System, rules);
        _dns = options.ResolveDns ? new ReverseDns(TimeProvider.System) : null;
        string node = options.NodeName.Length > 0 ? options.NodeName : Environment.MachineName;
        _names = new ClusterNames(workloads, _index, cgroups, node, TimeProvider.System, _dns);
        _resolver = new ClusterResolver(_names, rules);
    }

    /// <summary>Names of the types watched, in the order in which health tells of them.</summary>
    public IReadOnlyList<string> WatchedTypes
    {
        get
        {
            string[] types = new string[_client.TypeCount];
            for (int type = 0; type < types.Length; type++)
            {
                types[type] = _client.Status(type).Resource;
            }

            return types;
        }
    }

    /// <inheritdoc/>
    public ILinkResolver Resolver => _resolver;

    /// <summary>Yes, as the original does: what stays inside a pod is no link of the cluster.</summary>
    public bool SkipsLoopback => true;

    /// <inheritdoc/>
    public bool WantsPoll => _changes.WantsPoll(_index);

    /// <summary>Begins to list and watch. Names come when they come; nobody waits for them.</summary>
    public void Start() => _client.Start();

    /// <inheritdoc/>
    public void ApplyChanges(LinkTable links)
    {
        // One delegate for the life of the process: a poll allocates nothing.
        _nameHeld ??= links.NameHeld;
        _changes.ApplyTo(_index, _nameHeld);
        for (int type = 0; type < _client.TypeCount; type++)
        {
            // What may not be read will never be known: nothing waits for it. A server that has just started refuses everybody until
            // it has read its own rules, so one refusal proves nothing, and what was known once stays in use.
            ReflectorStatus status = _client.Status(type);
            if (!_givenUp[type] && !status.IsSynced && status.IsDenied && TimeProvider.System.GetElapsedTime(_started) > DenialPatience)
            {
                _givenUp[type] = true;
                _index.GiveUp(Types[type]);
            }
        }
    }

    /// <inheritdoc/>
    public void Tidy(LinkTable links) => _resolver.Tidy(links);

    /// <inheritdoc/>
    public void ReadHealth(AgentHealth health)
    {
        health.NamedEnds = _names.NamedEnds;
        health.UnresolvedEnds = _names.UnresolvedEnds;
        health.FoldedEnds = _names.FoldedEnds;
        health.IndexAddresses = _index.AddressCount;
        health.DepartedObjects = _index.DepartedCount;
        OwnerLookupStatus owners = _client.OwnerStatus;
        health.KnownOwners = owners.Known;
        health.PendingOwners = owners.Waiting;
        health.RefusedOwners = (ulong)owners.Refused;
        health.OwnerFailures = (ulong)owners.Failures;
        health.ApiRequests = (ulong)_client.Requests;
        health.ApiReceivedBytes = (ulong)_client.BytesReceived;
        for (int type = 0; type < _client.TypeCount; type++)
        {
            ReflectorStatus status = _client.Status(type);
            health.WatcherEvents[type] = (ulong)status.Events;
            health.WatcherResets[type] = (ulong)status.Resets;
            health.WatchFailures[type] = (ulong)status.Failures;
            health.SkippedObjects[type] = (ulong)status.Skipped;
            health.WatchesConnected[type] = status.IsWatching ? 1 : 0;
            health.IndexObjects[type] = _index.CountOf(Types[type]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _dns?.Dispose();
    }
}
