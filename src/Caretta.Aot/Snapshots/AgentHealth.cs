namespace Caretta.Aot.Snapshots;

/// <summary>
/// Numbers about the agent itself. The poll thread fills one instance and publishes it; each snapshot keeps a copy. Members named as
/// counts only grow.
/// </summary>
internal sealed class AgentHealth
{
    private readonly ulong[] _missedEvents;
    private readonly long[] _mapMemoryBytes;
    private readonly ulong[] _watcherEvents;
    private readonly ulong[] _watcherResets;
    private readonly ulong[] _watchFailures;
    private readonly ulong[] _skippedObjects;
    private readonly long[] _watchesConnected;
    private readonly long[] _indexObjects;

    /// <summary>All zero, with one slot per program, map and watched type of <paramref name="facts"/>.</summary>
    public AgentHealth(AgentFacts facts)
    {
        _missedEvents = new ulong[facts.Programs.Count];
        _mapMemoryBytes = new long[facts.Maps.Count];
        _watcherEvents = new ulong[facts.WatchedTypes.Count];
        _watcherResets = new ulong[facts.WatchedTypes.Count];
        _watchFailures = new ulong[facts.WatchedTypes.Count];
        _skippedObjects = new ulong[facts.WatchedTypes.Count];
        _watchesConnected = new long[facts.WatchedTypes.Count];
        _indexObjects = new long[facts.WatchedTypes.Count];
    }

    /// <summary>Polls that succeeded.</summary>
    public ulong Polls { get; set; }

    /// <summary>Polls that failed.</summary>
    public ulong FailedPolls { get; set; }

    /// <summary>How long the last poll took, drain included.</summary>
    public TimeSpan PollDuration { get; set; }

    /// <summary>How long the last drain of the kernel's link map took.</summary>
    public TimeSpan DrainDuration { get; set; }

    /// <summary>TCP sockets that the kernel side tracks now.</summary>
    public long LiveSockets { get; set; }

    /// <summary>Distinct kernel keys that the agent remembers.</summary>
    public long LinkKeys { get; set; }

    /// <summary>Ends of connections on loopback addresses that are open now.</summary>
    public long LoopbackConnections { get; set; }

    /// <summary>Connections that closed and left the kernel side's store.</summary>
    public ulong ConnectionDeletions { get; set; }

    /// <summary>Drained entries that could not be removed from the kernel's map.</summary>
    public ulong FailedDeletions { get; set; }

    /// <summary>Updates that found the kernel's link map full.</summary>
    public ulong LostUpdates { get; set; }

    /// <summary>Connections that could not be tracked.</summary>
    public ulong LostConnections { get; set; }

    /// <summary>Bytes, sent and received, that could not be added to a link.</summary>
    public ulong LostBytes { get; set; }

    /// <summary>Ends of links that were given a placeholder because their owner could not be found.</summary>
    public ulong UnresolvedEnds { get; set; }

    /// <summary>Ends of links that share a name because the limit on distinct names was reached.</summary>
    public ulong FoldedEnds { get; set; }

    /// <summary>Ends named in a cluster, the ones named again when something changed included.</summary>
    public ulong NamedEnds { get; set; }

    /// <summary>Links that may be shown, not counting the one per role that takes the rest.</summary>
    public long LinkBudget { get; set; }

    /// <summary>Times a link was folded into the one that takes what is beyond the budget.</summary>
    public ulong FoldedLinks { get; set; }

    /// <summary>Links that ended.</summary>
    public ulong ExpiredLinks { get; set; }

    /// <summary>Bytes sent that were in links when they ended.</summary>
    public ulong ExpiredSentBytes { get; set; }

    /// <summary>Bytes received that were in links when they ended.</summary>
    public ulong ExpiredReceivedBytes { get; set; }

    /// <summary>Kernel keys whose names are on their way.</summary>
    public long PendingKeys { get; set; }

    /// <summary>Bytes sent that wait for names.</summary>
    public ulong PendingSentBytes { get; set; }

    /// <summary>Bytes received that wait for names.</summary>
    public ulong PendingReceivedBytes { get; set; }

    /// <summary>Addresses in the index of the cluster.</summary>
    public long IndexAddresses { get; set; }

    /// <summary>Owners of pods that were followed to the top and are remembered.</summary>
    public long KnownOwners { get; set; }

    /// <summary>Owners that are being looked up.</summary>
    public long PendingOwners { get; set; }

    /// <summary>Owners that may not be read or are not there, and are shown themselves.</summary>
    public ulong RefusedOwners { get; set; }

    /// <summary>Attempts to look an owner up that failed.</summary>
    public ulong OwnerFailures { get; set; }

    /// <summary>Requests sent to the API server.</summary>
    public ulong ApiRequests { get; set; }

    /// <summary>Bytes of response bodies that came from the API server, compressed as they came.</summary>
    public ulong ApiReceivedBytes { get; set; }

    /// <summary>Objects that are gone and still in the index, for bytes that come late.</summary>
    public long DepartedObjects { get; set; }

    /// <summary>Memory of this process that is resident, in bytes.</summary>
    public long ResidentBytes { get; set; }

    /// <summary>Metric pages served.</summary>
    public ulong Scrapes { get; set; }

    /// <summary>Runs of each program that the kernel skipped; order of <see cref="AgentFacts.Programs"/>.</summary>
    public Span<ulong> MissedEvents => _missedEvents;

    /// <summary>Memory the kernel holds for each map, in bytes; order of <see cref="AgentFacts.Maps"/>.</summary>
    public Span<long> MapMemoryBytes => _mapMemoryBytes;

    /// <summary>Watch events received per type; order of <see cref="AgentFacts.WatchedTypes"/>.</summary>
    public Span<ulong> WatcherEvents => _watcherEvents;

    /// <summary>Watches begun anew per type; order of <see cref="AgentFacts.WatchedTypes"/>.</summary>
    public Span<ulong> WatcherResets => _watcherResets;

    /// <summary>Watches and lists that failed, per type; order of <see cref="AgentFacts.WatchedTypes"/>.</summary>
    public Span<ulong> WatchFailures => _watchFailures;

    /// <summary>Objects and events that could not be understood, per type; order of <see cref="AgentFacts.WatchedTypes"/>.</summary>
    public Span<ulong> SkippedObjects => _skippedObjects;

    /// <summary>1 where a watch is open now, else 0; order of <see cref="AgentFacts.WatchedTypes"/>.</summary>
    public Span<long> WatchesConnected => _watchesConnected;

    /// <summary>Objects in the index, per type; order of <see cref="AgentFacts.WatchedTypes"/>.</summary>
    public Span<long> IndexObjects => _indexObjects;

    /// <summary>Makes this a copy of <paramref name="source"/>, which was made for the same facts. Allocates nothing.</summary>
    public void CopyFrom(AgentHealth source)
    {
        Polls = source.Polls;
        FailedPolls = source.FailedPolls;
        PollDuration = source.PollDuration;
        DrainDuration = source.DrainDuration;
        LiveSockets = source.LiveSockets;
        LinkKeys = source.LinkKeys;
        LoopbackConnections = source.LoopbackConnections;
        ConnectionDeletions = source.ConnectionDeletions;
        FailedDeletions = source.FailedDeletions;
        LostUpdates = source.LostUpdates;
        LostConnections = source.LostConnections;
        LostBytes = source.LostBytes;
        UnresolvedEnds = source.UnresolvedEnds;
        FoldedEnds = source.FoldedEnds;
        NamedEnds = source.NamedEnds;
        LinkBudget = source.LinkBudget;
        FoldedLinks = source.FoldedLinks;
        ExpiredLinks = source.ExpiredLinks;
        ExpiredSentBytes = source.ExpiredSentBytes;
        ExpiredReceivedBytes = source.ExpiredReceivedBytes;
        PendingKeys = source.PendingKeys;
        PendingSentBytes = source.PendingSentBytes;
        PendingReceivedBytes = source.PendingReceivedBytes;
        IndexAddresses = source.IndexAddresses;
        KnownOwners = source.KnownOwners;
        PendingOwners = source.PendingOwners;
        RefusedOwners = source.RefusedOwners;
        OwnerFailures = source.OwnerFailures;
        ApiRequests = source.ApiRequests;
        ApiReceivedBytes = source.ApiReceivedBytes;
        DepartedObjects = source.DepartedObjects;
        ResidentBytes = source.ResidentBytes;
        Scrapes = source.Scrapes;
        source.MissedEvents.CopyTo(_missedEvents);
        source.MapMemoryBytes.CopyTo(_mapMemoryBytes);
        source.WatcherEvents.CopyTo(_watcherEvents);
        source.WatcherResets.CopyTo(_watcherResets);
        source.WatchFailures.CopyTo(_watchFailures);
        source.SkippedObjects.CopyTo(_skippedObjects);
        source.WatchesConnected.CopyTo(_watchesConnected);
        source.IndexObjects.CopyTo(_indexObjects);
    }
}
