namespace Caretta.Bpf;

/// <summary>
/// What a loader has to find out about the running kernel, because no file says it, for the <c>LINUX_*</c> variables that objects declare
/// as <c>extern … __kconfig</c>.
/// </summary>
/// <param name="KernelVersion"><c>LINUX_KERNEL_VERSION</c>: major &lt;&lt; 16 | minor &lt;&lt; 8 | patch, the last at most 255.</param>
/// <param name="HasBpfCookie"><c>LINUX_HAS_BPF_COOKIE</c>: whether probes may carry a cookie (Linux 5.15).</param>
/// <param name="HasSyscallWrapper"><c>LINUX_HAS_SYSCALL_WRAPPER</c>: whether system calls take their arguments by <c>struct pt_regs</c>.</param>
public readonly record struct BpfKernelFacts(uint KernelVersion, bool HasBpfCookie = false, bool HasSyscallWrapper = false);
