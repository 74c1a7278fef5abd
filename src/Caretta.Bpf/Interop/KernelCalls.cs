using System.Runtime.InteropServices;

namespace Caretta.Bpf.Interop;

/// <summary>
/// The system calls that older kernels answer differently. Tests stand in for an older kernel by deriving from it; everything else gets
/// <see cref="Current"/> and never knows.
/// </summary>
/// <remarks>All return the kernel's non-negative result, or <c>-errno</c>.</remarks>
internal unsafe class KernelCalls
{
    private const int RlimitMemlock = 8;         // include/uapi/asm-generic/resource.h
    private const nint PerfFlagFdCloexec = 8;    // include/uapi/linux/perf_event.h
    private const int MembarrierCmdGlobal = 1;   // include/uapi/linux/membarrier.h

    private static readonly KernelCalls Running = new();

    // The one static that changes, and only in tests: a parameter through every map, link and poll would serve nobody else.
    [ThreadStatic]
    private static KernelCalls? _replacement;

    /// <summary>What this thread calls.</summary>
    public static KernelCalls Current => _replacement ?? Running;

    /// <summary>Whether locked memory bounds BPF objects, and what was done about it.</summary>
    public LockedMemory LockedMemory { get; } = new();

    /// <summary>What the kernel is known to have.</summary>
    public KernelFeatures Features { get; } = new();

    /// <summary>Where the kernel shows its types and those of its modules.</summary>
    public virtual string TypesDirectory => "/sys/kernel/btf";

    /// <summary>Lets this thread call another kernel until the result is disposed.</summary>
    public static Replacement Replace(KernelCalls kernel)
    {
        var replacement = new Replacement(_replacement);
        _replacement = kernel;
        return replacement;
    }

    /// <summary>bpf(2), once.</summary>
    public virtual int Bpf(bpf_cmd command, void* attr, int size) =>
        Result(Libc.Syscall(SystemCall.Bpf, (nint)command, (nint)attr, size, 0, 0));

    /// <summary>perf_event_open(2), closed on exec.</summary>
    public virtual int PerfEventOpen(perf_event_attr* attr, int process, int cpu) =>
        Result(Libc.Syscall(SystemCall.PerfEventOpen, (nint)attr, process, cpu, -1, PerfFlagFdCloexec));

    /// <summary>ioctl(2).</summary>
    public virtual int Ioctl(int fd, nuint request, nint argument) => Result(Libc.Ioctl(fd, request, argument));

    /// <summary>prlimit(2) of this process's locked memory.</summary>
    public virtual int LimitLockedMemory(rlimit64* wanted, rlimit64* before) =>
        Result(Libc.Syscall(SystemCall.Prlimit, 0, RlimitMemlock, (nint)wanted, (nint)before, 0));

    /// <summary>membarrier(2) of the whole machine, Linux 4.3: returns after a grace period of RCU on more than one CPU.</summary>
    public virtual int Membarrier() => Result(Libc.Syscall(SystemCall.Membarrier, MembarrierCmdGlobal, 0, 0, 0, 0));

    // Nothing may come between the call and this: errno is the runtime's copy of the last call.
    private static int Result(nint result) => result >= 0 ? (int)result : -Marshal.GetLastPInvokeError();

    internal readonly ref struct Replacement(KernelCalls? before)
    {
        private readonly KernelCalls? _before = before;

        public void Dispose() => _replacement = _before;
    }
}
