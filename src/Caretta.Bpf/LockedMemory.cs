using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// Before Linux 5.11 maps and programs are charged against RLIMIT_MEMLOCK, which is a few pages as a rule, and refused with EPERM beyond it.
/// </summary>
/// <remarks>Thread-safe. The limit is raised for the whole process, once, and only where a kernel charges it and has refused something.</remarks>
internal sealed unsafe class LockedMemory
{
    private readonly Lock _gate = new();
    private bool? _isRaised;

    /// <summary>To be asked after EPERM: raises the limit if that may have been the reason.</summary>
    /// <returns>Whether it was raised, now or before, so that the call is worth repeating. Failure is not fatal: see the kernel's answer.</returns>
    public bool Raise(KernelCalls kernel)
    {
        lock (_gate)
        {
            return _isRaised ??= !IsChargedToCgroup(kernel) && TryRaise(kernel);
        }
    }

    /// <summary>
    /// Whether memory is charged to the control group instead. Not visible by itself, but the helper <c>bpf_ktime_get_coarse_ns</c> came
    /// with the same release.
    /// </summary>
    private static bool IsChargedToCgroup(KernelCalls kernel)
    {
        const int BpfKtimeGetCoarseNs = 160;    // include/uapi/linux/bpf.h, ___BPF_FUNC_MAPPER
        ReadOnlySpan<BpfInstruction> instructions =
            [new BpfInstruction(BpfInstruction.Call, immediate: BpfKtimeGetCoarseNs), new BpfInstruction(BpfInstruction.Exit)];

        // Not through BpfSyscall.Call, which would ask here again. The kernel only reads, and no further than these.
        fixed (BpfInstruction* pointer = instructions)
        fixed (byte* license = "GPL\0"u8)
        {
            var attr = new bpf_attr_prog_load
            {
                prog_type = (uint)BpfProgramType.SocketFilter,
                insns = BpfSyscall.Address(pointer),
                insn_cnt = (uint)instructions.Length,
                license = BpfSyscall.Address(license),
            };

            int result = BpfSyscall.CallPatiently(kernel, bpf_cmd.BPF_PROG_LOAD, &attr, sizeof(bpf_attr_prog_load));
            if (result < 0)
            {
                return false;
            }

            _ = Libc.Close(result);
            return true;
        }
    }

    private static bool TryRaise(KernelCalls kernel)
    {
        // Both live on this stack frame until the calls return.
        rlimit64 before = default;
        var wanted = new rlimit64 { rlim_cur = rlimit64.Infinity, rlim_max = rlimit64.Infinity };
        if (kernel.LimitLockedMemory(&wanted, &before) == 0)
        {
            return before.rlim_cur != rlimit64.Infinity;
        }

        // Only CAP_SYS_RESOURCE raises the hard limit; up to it everyone may go.
        if (kernel.LimitLockedMemory(null, &before) != 0 || before.rlim_cur == before.rlim_max)
        {
            return false;
        }

        wanted = before with { rlim_cur = before.rlim_max };
        return kernel.LimitLockedMemory(&wanted, null) == 0;
    }
}
