using System.Runtime.InteropServices;

namespace Caretta.Bpf.Interop;

/// <summary><c>struct rlimit64</c> of include/uapi/linux/resource.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct rlimit64
{
    public const ulong Infinity = ulong.MaxValue;

    public ulong rlim_cur;
    public ulong rlim_max;
}
