using System.Runtime.InteropServices;

namespace Caretta.Aot.Links;

/// <summary>
/// What the programs count about themselves: <c>struct counters</c> of <c>bpf/maps.bpf.h</c>, the same in memory. Each but the last only grows.
/// </summary>
/// <param name="SweptSockets">Open sockets visited by all sweeps.</param>
/// <param name="AdoptedSockets">Sockets that were open before launch.</param>
/// <param name="UntrackedConnections">Connections without memory for their storage: all their bytes are missing.</param>
/// <param name="LostUpdates">Final accounts for which the link map had no room.</param>
/// <param name="LostSentBytes">Bytes in those.</param>
/// <param name="LostReceivedBytes">Bytes in those.</param>
/// <param name="DeferredUpdates">Accounts of live sockets for which it had none: a later sweep makes up for them.</param>
/// <param name="UnmatchedHandshakes">Connections whose other end, if on this machine, is named by its address only.</param>
/// <param name="AddedLinks">Entries made in the link maps.</param>
/// <param name="OfferedHandshakes">Connections made from here, each a slot in the table of handshakes until it is settled.</param>
/// <param name="DroppedHandshakes">Slots of it that were freed again.</param>
/// <param name="SweptLinks">Entries that the last sweep filled in its map.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct KernelCounters(
    ulong SweptSockets,
    ulong AdoptedSockets,
    ulong UntrackedConnections,
    ulong LostUpdates,
    ulong LostSentBytes,
    ulong LostReceivedBytes,
    ulong DeferredUpdates,
    ulong UnmatchedHandshakes,
    ulong AddedLinks,
    ulong OfferedHandshakes,
    ulong DroppedHandshakes,
    ulong SweptLinks);
