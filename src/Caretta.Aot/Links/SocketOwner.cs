using System.Runtime.InteropServices;
using System.Text;

namespace Caretta.Aot.Links;

/// <summary>
/// Who created a socket: <c>struct socket_owner</c> of <c>bpf/caretta.h</c>, 24 bytes, the same in memory.
/// </summary>
/// <param name="CgroupId">Id in the cgroup v2 tree; 0 if unknown.</param>
/// <param name="CommFirst">Bytes 0 to 7 of the thread group leader's name, in memory order.</param>
/// <param name="CommSecond">Bytes 8 to 15, NUL padded. Both zero: not tracked.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SocketOwner(ulong CgroupId, ulong CommFirst, ulong CommSecond)
{
    /// <summary>Makes an owner from text, cut at 15 bytes as the kernel does (<c>TASK_COMM_LEN</c>, include/linux/sched.h).</summary>
    public static SocketOwner From(ulong cgroupId, string comm)
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = Encoding.UTF8.TryGetBytes(comm, bytes[..15], out _);
        return new SocketOwner(cgroupId, BitConverter.ToUInt64(bytes[..8]), BitConverter.ToUInt64(bytes[8..]));
    }
}
