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

    /// <summary>All zero, with one slot per program, map and watched type of <paramref name="facts"/>.</summary>
    public AgentHealth(AgentFacts facts)
    {
        _missedEvents = new ulong[facts.Programs.Count];
        _mapMemoryBytes = new long[facts.Maps.Count];
        _watcherEvents = new ulong[facts.WatchedTypes.Count];
        _watcherResets = new ulong[facts.WatchedTypes.Count];
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
        ResidentBytes = source.ResidentBytes;
        Scrapes = source.Scrapes;
        source.MissedEvents.CopyTo(_missedEvents);
        source.MapMemoryBytes.CopyTo(_mapMemoryBytes);
        source.WatcherEvents.CopyTo(_watcherEvents);
        source.WatcherResets.CopyTo(_watcherResets);
    }
}
