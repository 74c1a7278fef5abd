using System.Runtime.InteropServices;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// Names the ends of links on a node of a cluster. A local end is the pod whose control group owns the socket; failing that the pod that
/// holds the local address; else the node. A remote end is who holds its address; failing that it is external, by DNS name or address.
/// Poll thread only. Known ends are found without allocating.
/// </summary>
internal sealed class ClusterNames
{
    /// <summary>Namespace and kind of ends outside the cluster.</summary>
    public const string External = "external";

    /// <summary>Stands for every external end met after the limit on distinct names was reached.</summary>
    public const string OtherName = "other";

    /// <summary>Distinct external names, unless the caller says otherwise.</summary>
    public const int DefaultMaxExternals = 10_000;

    private const int MaxCachedCgroups = 16384;
    private const int MaxTranslated = 4096;
    private const int MinTidyAbove = 4096;
    private static readonly TimeSpan MinTidyInterval = TimeSpan.FromMinutes(1);

    // A control group that is not there yet is looked for again, but a lookup may walk the whole tree.
    private const int MaxAttempts = 16;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(50);

    private readonly WorkloadTable _workloads;
    private readonly WorkloadIndex _index;
    private readonly ICgroupPaths _paths;
    private readonly IAddressNames? _dns;
    private readonly TimeProvider _time;
    private readonly ClusterTimings _timings;
    private readonly int _maxExternals;
    private readonly int _node;
    private readonly Dictionary<ulong, CgroupState> _cgroups = [];
    private readonly Dictionary<NetAddress, int> _externals = [];

    // Lead to sockets of this node and were still nobody's when the wait was over, say a port of the host that leads to a pod.
    private readonly HashSet<NetAddress> _translated = [];
    private int _tidyAbove = MinTidyAbove;
    private long _lastTidied;

    /// <summary>Starts with nothing cached.</summary>
    /// <param name="workloads">Gives out the numbers of names.</param>
    /// <param name="index">What the cluster says.</param>
    /// <param name="paths">Finds control groups by number.</param>
    /// <param name="nodeName">What the cluster calls this node.</param>
    /// <param name="time">Clock for looking again.</param>
    /// <param name="dns">Names of external addresses; null for none.</param>
    /// <param name="timings">How long bytes wait for names.</param>
    /// <param name="maxExternals">Distinct external names: strangers choose addresses, and must not fill the memory.</param>
    public ClusterNames(
        WorkloadTable workloads,
        WorkloadIndex index,
        ICgroupPaths paths,
        string nodeName,
        TimeProvider time,
        IAddressNames? dns = null,
        ClusterTimings? timings = null,
        int maxExternals = DefaultMaxExternals)
    {
        _workloads = workloads;
        _index = index;
        _paths = paths;
        _time = time;
        _dns = dns;
        _timings = timings ?? new ClusterTimings();
        _maxExternals = maxExternals;
        _node = workloads.Intern(nodeName, WorkloadIndex.Node, WorkloadIndex.Node);
        Other = workloads.Intern(OtherName, External, External);
    }

    /// <summary>Number of the name for what shares one series.</summary>
    public int Other { get; }

    /// <summary>Grows whenever an answer given before may have changed.</summary>
    public long Epoch => _index.Epoch + (_dns?.Epoch ?? 0);

    /// <summary>Ends named, the ones named again when something changed included.</summary>
    public ulong NamedEnds { get; private set; }

    /// <summary>Ends among them that got the next best name because the right one did not come in time.</summary>
    public ulong UnresolvedEnds { get; private set; }

    /// <summary>Ends among them that share the name other.</summary>
    public ulong FoldedEnds { get; private set; }

    /// <summary>Names the owner of a socket on this node.</summary>
    /// <param name="cgroupId">Its control group in the v2 tree; 0 if unknown.</param>
    /// <param name="address">Its address.</param>
    /// <param name="waited">How long bytes have waited for this name; <see cref="TimeSpan.MaxValue"/> to have one in any case.</param>
    public NamedEnd Local(ulong cgroupId, NetAddress address, TimeSpan waited)
    {
        if (cgroupId == 0)
        {
            return ByLocalAddress(address, waited);
        }

        ref CgroupState cgroup = ref Cgroup(cgroupId);
        if (cgroup.Workload >= 0)
        {
            return Named(cgroup.Workload, cgroup.Holder);
        }

        // Not (yet) in the tree, or gone again before anybody looked: a pod's own address tells as well, while it is the pod's.
        if (!cgroup.IsRead)
        {
            bool isPods = _index.TryFindAddress(address, out int holder, out bool isVacant) && !isVacant
                && _index.TypeOf(holder) == ClusterObjectType.Pod;
            return !isPods && waited < _timings.Pod ? NamedEnd.Waiting
                : isPods ? ByLocalAddress(address, waited) : Unresolved(ByLocalAddress(address, TimeSpan.MaxValue));
        }

        // A process of the node, or on a hybrid machine one whose container is in the other tree: then its address tells.
        if (cgroup.Pod.IsNone)
        {
            return ByLocalAddress(address, waited);
        }

        if (!_index.TryFindPod(cgroup.Pod, out int pod))
        {
            return IsAllowedToWait(waited, _index.HasNoPods ? TimeSpan.Zero : _timings.Pod)
                ? NamedEnd.Waiting : Unresolved(ByLocalAddress(address, TimeSpan.MaxValue));
        }

        NamedEnd end = ByHolder(pod, waited);
        if (end is { IsWaiting: false, IsProvisional: false })
        {
            // A control group belongs to one pod for good, and may outlive it in the index.
            (cgroup.Workload, cgroup.Holder) = (end.Workload, end.Holder);
        }

        return end;
    }

    /// <summary>Names an end by whose it was when its bytes were counted.</summary>
    /// <param name="holder">From an earlier answer.</param>
    /// <param name="waited">As for <see cref="Local"/>.</param>
    /// <param name="end">Its name.</param>
    /// <returns>False for no holder, and for one that is forgotten.</returns>
    public bool TryNameHolder(long holder, TimeSpan waited, out NamedEnd end)
    {
        bool isThere = _index.TryFindHolder(holder, out int index);
        end = isThere ? ByHolder(index, waited) : default;
        return isThere;
    }

    /// <summary>Whether an address is a service's that is to be shown as such, whoever answers behind it.</summary>
    public bool IsService(NetAddress address) =>
        _index.TryFindAddress(address, out int holder, out _) && _index.TypeOf(holder) == ClusterObjectType.Service;

    /// <summary>
    /// Whether an address may turn out to be a service's: it is nobody's that is known, and does not lie among those of pods. A service is
    /// used a moment after it was made, and at launch services may come after the pods behind them. Once the wait for an address is over, it is
    /// not waited for again.
    /// </summary>
    /// <param name="address">What a client of this node connected to.</param>
    /// <param name="waited">As for <see cref="Local"/>.</param>
    public bool MayBecomeService(NetAddress address, TimeSpan waited)
    {
        if (_translated.Contains(address) || _index.MayBecomePod(address) || _index.TryFindAddress(address, out _, out _))
        {
            return false;
        }

        if (IsAllowedToWait(waited, _timings.NewAddress))
        {
            return true;
        }

        if (_translated.Count >= MaxTranslated)
        {
            _translated.Clear();    // each is waited for once more
        }

        _translated.Add(address);
        return false;
    }

    /// <summary>Names the end at an address elsewhere.</summary>
    /// <param name="address">The address.</param>
    /// <param name="waited">As for <see cref="Local"/>.</param>
    /// <param name="port">Where it listens, which tells services that share an address apart; 0 if it does not.</param>
    public NamedEnd Remote(NetAddress address, TimeSpan waited, ushort port = 0)
    {
        if (!_index.TryFindAddress(address, out int holder, out bool isVacant, port))
        {
            return RemoteUnknown(address, waited);
        }

        if (isVacant && waited < _timings.Vacancy)
        {
            return NamedEnd.Waiting;
        }

        return ByHolder(holder, waited);
    }

    /// <summary>Counts an end that was given its name, while neither end of its link waits.</summary>
    public void Count(NamedEnd end)
    {
        NamedEnds++;
        UnresolvedEnds += end.IsProvisional ? 1ul : 0;
    }

    /// <summary>Whether nothing says that an end still exists, so that its idle links may end.</summary>
    public bool IsGone(int workload) =>
        workload != _node && (_workloads[workload].Kind == External || _index.IsGone(workload));

    /// <summary>Whether so many names were given since the last time that looking for unused ones is worth it.</summary>
    public bool WantsTidying =>
        _workloads.NameCount >= _tidyAbove
        || (_externals.Count >= _maxExternals && _time.GetElapsedTime(_lastTidied) >= MinTidyInterval);

    /// <summary>Forgets the names that no link bears any more: their numbers will mean others.</summary>
    /// <param name="used">Numbers of the names that links bear.</param>
    public void Tidy(WorkloadSet used)
    {
        used.Add(_node);
        used.Add(Other);
        _index.ForgetNames(used);
        foreach (KeyValuePair<NetAddress, int> entry in _externals)
        {
            if (!used.Contains(entry.Value))
            {
                _externals.Remove(entry.Key);
            }
        }

        foreach (KeyValuePair<ulong, CgroupState> entry in _cgroups)
        {
            if (entry.Value.Workload >= 0 && !used.Contains(entry.Value.Workload))
            {
                _cgroups.Remove(entry.Key);
            }
        }

        _workloads.ReleaseOthers(used);
        _tidyAbove = Math.Max(MinTidyAbove, _workloads.NameCount * 2);
        _lastTidied = _time.GetTimestamp();
    }

    private NamedEnd RemoteUnknown(NetAddress address, TimeSpan waited)
    {
        bool isNew = !_externals.TryGetValue(address, out int workload);
        if (isNew && ShouldWaitForOwner(address, waited))
        {
            return NamedEnd.Waiting;
        }

        string? name = null;
        if (_dns is not null && !_dns.TryGetName(address, out name) && isNew && waited < _timings.Dns)
        {
            return NamedEnd.Waiting;
        }

        if (!isNew && (name is null || name == _workloads[workload].Name))
        {
            return Named(workload);
        }

        if (isNew && _externals.Count >= _maxExternals)
        {
            FoldedEnds++;
            return Named(Other);
        }

        workload = _workloads.Intern(name ?? address.ToString(), External, External);
        _externals[address] = workload;
        return Named(workload);
    }

    // Until everything was listed once, nothing that is missing is known to be missing.
    private bool IsAllowedToWait(TimeSpan waited, TimeSpan limit) =>
        waited < limit || (!_index.IsReady && waited != TimeSpan.MaxValue);

    // Its owner may be among the changes that are applied at the end of this very poll, or be a pod that the server is yet to tell of.
    private bool ShouldWaitForOwner(NetAddress address, TimeSpan waited) =>
        waited == TimeSpan.Zero || IsAllowedToWait(waited, _index.MayBecomePod(address) ? _timings.NewAddress : TimeSpan.Zero);

    private NamedEnd ByLocalAddress(NetAddress address, TimeSpan waited)
    {
        if (!_index.TryFindAddress(address, out int holder, out bool isVacant))
        {
            return ShouldWaitForOwner(address, waited) ? NamedEnd.Waiting : Named(_node);
        }

        if (_index.TypeOf(holder) != ClusterObjectType.Pod)
        {
            return Named(_node);
        }

        return isVacant && waited < _timings.Vacancy ? NamedEnd.Waiting : ByHolder(holder, waited);
    }

    // An owner that does not come in time is stood in for by the next best thing.
    private NamedEnd ByHolder(int index, TimeSpan waited)
    {
        long holder = _index.HolderOf(index);
        if (_index.TryName(index, mustName: false, out int workload))
        {
            return Named(workload, holder);
        }

        return waited >= _timings.Owner && _index.TryName(index, mustName: true, out workload)
            ? Unresolved(Named(workload, holder)) : NamedEnd.WaitingFor(holder);
    }

    private ref CgroupState Cgroup(ulong id)
    {
        if (_cgroups.Count >= MaxCachedCgroups && !_cgroups.ContainsKey(id))
        {
            _cgroups.Clear();       // everything in it can be found again
        }

        ref CgroupState cgroup = ref CollectionsMarshal.GetValueRefOrAddDefault(_cgroups, id, out bool known);
        if (!known || (!cgroup.IsRead && cgroup.Attempts < MaxAttempts && _time.GetElapsedTime(cgroup.LastAttempt) >= RetryAfter))
        {
            cgroup.Workload = -1;
            cgroup.LastAttempt = _time.GetTimestamp();
            cgroup.Attempts++;
            if (_paths.TryGetPath(id, out string? path))
            {
                cgroup.IsRead = true;
                _ = PodCgroup.TryParse(path, out cgroup.Pod, out _);
            }
        }

        return ref cgroup;
    }

    private static NamedEnd Named(int workload, long holder = 0) => new(workload, Holder: holder);

    private static NamedEnd Unresolved(NamedEnd end) => end with { IsProvisional = true };

    private struct CgroupState
    {
        public Uid Pod;
        public long LastAttempt;
        public long Holder;
        public int Workload;
        public int Attempts;
        public bool IsRead;
    }
}
