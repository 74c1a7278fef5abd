using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>One BPF_PROG_LOAD with all that goes with it. Linux 3.18; the parts that came later are left out where they are refused.</summary>
internal sealed unsafe class ProgramLoad
{
    private const int FirstLogSize = 64 * 1024;
    private const int MaxLogSize = 16 * 1024 * 1024;

    /// <summary>Name for messages and, cut to 15 bytes, for the kernel.</summary>
    public required string Name { get; init; }

    /// <summary>Program type.</summary>
    public required BpfProgramType Type { get; init; }

    /// <summary>Final instructions, descriptors filled in.</summary>
    public required BpfInstruction[] Instructions { get; init; }

    /// <summary>License; the kernel decides whether it is compatible with the GPL.</summary>
    public required string License { get; init; }

    /// <summary>Expected attach type, Linux 4.17.</summary>
    public BpfAttachType AttachType { get; init; }

    /// <summary>Whether the kernel may go without <see cref="AttachType"/>.</summary>
    public bool AttachTypeIsOptional { get; init; }

    /// <summary>BPF_F_SLEEPABLE and the like.</summary>
    public uint Flags { get; init; }

    /// <summary>Type id of the hook in the kernel's BTF, or 0.</summary>
    public uint AttachBtfId { get; init; }

    /// <summary>LINUX_VERSION_CODE, which kernels before 5.0 want of kprobes.</summary>
    public uint KernelVersion { get; init; }

    /// <summary>The object's types in the kernel, or null.</summary>
    public BpfHandle? Types { get; init; }

    /// <summary>Functions with their types, Linux 5.0.</summary>
    public BpfFunctionInfo[] Functions { get; init; } = [];

    /// <summary>Source lines, Linux 5.0.</summary>
    public BpfLineInfo[] Lines { get; init; } = [];

    /// <summary>Loads it: first without a log, for most succeed; refused, once more to learn why.</summary>
    /// <exception cref="BpfException">Refused; the verifier's log is with it.</exception>
    public BpfHandle Load()
    {
        int result = Call(default, withInfo: true);
        if (result is -Errno.EINVAL or -Errno.E2BIG or -Errno.EOPNOTSUPP && Types is not null)
        {
            // Function and line records only serve tools and error messages, unless a program has global functions.
            int plain = Call(default, withInfo: false);
            result = plain >= 0 ? plain : result;
        }

        return result >= 0 ? new BpfHandle(result) : throw Refused(-result);
    }

    /// <summary>Loads it as it is; why the kernel refuses it does not matter.</summary>
    /// <returns>Null if it does.</returns>
    public BpfHandle? TryLoad()
    {
        int result = Call(default, withInfo: true);
        return result >= 0 ? new BpfHandle(result) : null;
    }

    private BpfException Refused(int errno)
    {
        byte[] log = new byte[FirstLogSize];
        while (true)
        {
            log.AsSpan().Clear();
            int result = Call(log, withInfo: true);
            if (result >= 0)
            {
                // It would load now. Whatever kept it from loading before is gone, but the caller was promised an answer, not a guess.
                new BpfHandle(result).Dispose();
                return new BpfException($"load program {Name}", errno, advice: "it loads when tried again: retry");
            }

            if (result != -Errno.ENOSPC || log.Length >= MaxLogSize)
            {
                VerifierLog text = VerifierLog.Parse(log, result == -Errno.ENOSPC);
                return new BpfException($"load program {Name}", errno, text, Advice.For(errno, text.Text.Length == 0));
            }

            log = new byte[log.Length * 4];
        }
    }

    private int Call(Span<byte> log, bool withInfo)
    {
        withInfo &= Types is not null && Functions.Length > 0;
        using BpfHandle.Lease types = BpfHandle.Borrow(Types);
        byte[] license = System.Text.Encoding.UTF8.GetBytes(License + "\0");

        // All arrays are pinned for the length of the call; the kernel writes to the log alone.
        fixed (BpfInstruction* instructions = Instructions)
        fixed (byte* licensePointer = license)
        fixed (byte* logPointer = log)
        fixed (BpfFunctionInfo* functions = Functions)
        fixed (BpfLineInfo* lines = Lines)
        {
            var attr = new bpf_attr_prog_load
            {
                prog_type = (uint)Type,
                insns = BpfSyscall.Address(instructions),
                insn_cnt = (uint)Instructions.Length,
                license = BpfSyscall.Address(licensePointer),
                log_buf = BpfSyscall.Address(logPointer),
                log_size = (uint)log.Length,
                log_level = log.IsEmpty ? 0u : 1u,
                kern_version = KernelVersion,
                prog_flags = Flags,
                prog_name = BpfSyscall.Name(Name),
                expected_attach_type = (uint)AttachType,
                attach_btf_id = AttachBtfId,
                prog_btf_fd = withInfo ? (uint)types.Fd : 0,
            };
            if (withInfo)
            {
                attr.func_info = BpfSyscall.Address(functions);
                attr.func_info_cnt = (uint)Functions.Length;
                attr.func_info_rec_size = (uint)sizeof(BpfFunctionInfo);
                attr.line_info = BpfSyscall.Address(lines);
                attr.line_info_cnt = (uint)Lines.Length;
                attr.line_info_rec_size = Lines.Length == 0 ? 0 : (uint)sizeof(BpfLineInfo);
            }

            int result = BpfSyscall.Call(bpf_cmd.BPF_PROG_LOAD, ref attr);
            if (result is -Errno.EINVAL or -Errno.E2BIG && AttachTypeIsOptional && AttachType != 0)
            {
                // E2BIG: a kernel before 4.17 does not know the member at all.
                attr.expected_attach_type = 0;
                result = BpfSyscall.Call(bpf_cmd.BPF_PROG_LOAD, ref attr);
            }

            return result;
        }
    }
}
