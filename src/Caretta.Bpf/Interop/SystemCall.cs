using System.Runtime.InteropServices;

namespace Caretta.Bpf.Interop;

/// <summary>System call numbers: <c>arch/x86/entry/syscalls/syscall_64.tbl</c> and <c>include/uapi/asm-generic/unistd.h</c>.</summary>
internal static class SystemCall
{
    private static readonly bool Arm64 = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static nint Bpf => Arm64 ? 280 : 321;

    public static nint Fcntl => Arm64 ? 25 : 72;

    public static nint Membarrier => Arm64 ? 283 : 324;

    public static nint PerfEventOpen => Arm64 ? 241 : 298;

    public static nint Prlimit => Arm64 ? 261 : 302;

    public static nint Statx => Arm64 ? 291 : 332;
}
