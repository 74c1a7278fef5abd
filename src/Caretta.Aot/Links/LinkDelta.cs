using System.Runtime.InteropServices;

namespace Caretta.Aot.Links;

/// <summary>
/// What happened on a link since the last drain: <c>struct link_delta</c> of <c>bpf/caretta.h</c>, 48 bytes, the same in memory.
/// Bytes are TCP payload; retransmissions do not count.
/// </summary>
/// <param name="SentBytes">Bytes sent by the local end.</param>
/// <param name="ReceivedBytes">Bytes received by the local end.</param>
/// <param name="Opened">Connections established since launch.</param>
/// <param name="Closed">Connections closed, adopted ones included.</param>
/// <param name="Failed">Connects that never reached ESTABLISHED.</param>
/// <param name="Adopted">
/// Connections that were open before launch or were opened on another link: a connection whose peer is found late moves, which takes
/// one from the link it leaves, modulo 2^64.
/// </param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct LinkDelta(
    ulong SentBytes, ulong ReceivedBytes, ulong Opened, ulong Closed, ulong Failed, ulong Adopted);
