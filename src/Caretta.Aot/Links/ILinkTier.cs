using Caretta.Bpf;

namespace Caretta.Aot.Links;

/// <summary>
/// One way to have links counted by the kernel: programs that are loaded and attached, and what they have counted. Everything detaches
/// when it is disposed or the process ends, however it ends. Poll thread only.
/// </summary>
internal interface ILinkTier : IDisposable
{
    /// <summary>Which one.</summary>
    TierKind Kind { get; }

    /// <summary>Programs whose missed runs are worth showing.</summary>
    IReadOnlyList<BpfProgram> Programs { get; }

    /// <summary>The maps that last: neither those that are replaced nor those that serve adoption only.</summary>
    IEnumerable<BpfMap> FixedMaps { get; }

    /// <summary>The two link maps.</summary>
    ReadOnlySpan<BpfMap<LinkKey, LinkDelta>> LinkMaps { get; }

    /// <summary>The map that takes what is found on live sockets; null where a tier has none. It is replaced when it is too small.</summary>
    BpfMap? SweptLinks { get; }

    /// <summary>Connections tracked as of the last poll.</summary>
    long LiveSockets { get; }

    /// <summary>How long the last poll took to move what was accounted.</summary>
    TimeSpan DrainDuration { get; }

    /// <summary>What the programs count about themselves, as of the last poll.</summary>
    KernelCounters Counters { get; }

    /// <summary>Takes over connections that were open before launch and are not tracked yet, where the tier can.</summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    void Adopt();

    /// <summary>Frees what served adoption only.</summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    void EndAdoption();

    /// <summary>Moves everything that was counted since the last time to <paramref name="table"/>. Allocates nothing once warm.</summary>
    /// <returns>Links that had something new.</returns>
    /// <exception cref="BpfException">The kernel refused. Nothing is lost: the next poll takes it.</exception>
    int Poll(LinkTable table);

    /// <summary>
    /// Whether so much has happened since the last poll that another should not wait: what closes when the link map is full is lost.
    /// Cheap enough to ask ten times a second; allocates nothing.
    /// </summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    bool IsPressed();
}
