using System.Runtime.InteropServices;

namespace Caretta.Aot.Links;

/// <summary>
/// Addresses and ports of one end of a connection: <c>struct connection_key</c> of <c>bpf/fallback.bpf.h</c>, the same in memory.
/// </summary>
/// <param name="LocalFirst">Bytes 0 to 7 of the local address, IPv4 mapped, in memory order.</param>
/// <param name="LocalSecond">Bytes 8 to 15.</param>
/// <param name="RemoteFirst">Bytes 0 to 7 of the remote address.</param>
/// <param name="RemoteSecond">Bytes 8 to 15.</param>
/// <param name="Ports">Remote port in the upper half, local port in the lower one.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ConnectionKey(ulong LocalFirst, ulong LocalSecond, ulong RemoteFirst, ulong RemoteSecond, ulong Ports);
