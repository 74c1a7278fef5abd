using System.Runtime.InteropServices;

namespace Caretta.Aot.Links;

/// <summary>
/// What the programs of the fallback tiers count about themselves: <c>struct fallback_counters</c> of <c>bpf/fallback.bpf.h</c>, the same
/// in memory. Each only grows.
/// </summary>
/// <param name="TrackedConnections">Connections taken up.</param>
/// <param name="RemovedConnections">Connections let go when they closed.</param>
/// <param name="AdoptedConnections">Of those taken up, connections that were open before launch.</param>
/// <param name="UntrackedConnections">Connections that found no room: all their bytes are missing.</param>
/// <param name="LostUpdates">Final accounts for which the link map had no room.</param>
/// <param name="LostSentBytes">Bytes in those.</param>
/// <param name="LostReceivedBytes">Bytes in those.</param>
/// <param name="DeferredUpdates">Accounts of live connections for which it had none: a later one makes up for them.</param>
/// <param name="AddedLinks">Entries made in the link maps.</param>
/// <param name="UncertainCloses">Connections that may be counted with one byte too few or too many.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FallbackCounters(
    ulong TrackedConnections,
    ulong RemovedConnections,
    ulong AdoptedConnections,
    ulong UntrackedConnections,
    ulong LostUpdates,
    ulong LostSentBytes,
    ulong LostReceivedBytes,
    ulong DeferredUpdates,
    ulong AddedLinks,
    ulong UncertainCloses)
{
    /// <summary>The same in the words of the main tier.</summary>
    /// <param name="unseen">Connections that were open before launch and are not seen.</param>
    public KernelCounters ToKernelCounters(ulong unseen) => default(KernelCounters) with
    {
        AdoptedSockets = AdoptedConnections,
        UntrackedConnections = UntrackedConnections + unseen,
        LostUpdates = LostUpdates,
        LostSentBytes = LostSentBytes,
        LostReceivedBytes = LostReceivedBytes + UncertainCloses,
        DeferredUpdates = DeferredUpdates,
        AddedLinks = AddedLinks,
    };
}
