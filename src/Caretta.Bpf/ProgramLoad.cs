using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>One BPF_PROG_LOAD with all that goes with it. Linux 3.18; the parts that came later are left out where they are refused.</summary>
internal sealed unsafe class ProgramLoad
{
    private const int FirstLogSize = 64 * 1024;
    private const int MaxLogSize = 16 * 1024 * 1024;

    private bool _omitsName;
    private bool _omitsAttachType;
    private bool _omitsInfo;
    private uint _logSize;

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

    /// <summary>The program that <see cref="AttachBtfId"/> is a function of, or null for the kernel.</summary>
    public BpfHandle? AttachProgram { get; init; }

    /// <summary>Descriptor of the module's types that <see cref="AttachBtfId"/> is of (Linux 5.11), or 0; the caller keeps it open.</summary>
    public int AttachModule { get; init; }

    /// <summary>Descriptors of types that the code refers to by index (Linux 5.16), or nothing; the caller keeps them open.</summary>
    public int[] Descriptors { get; init; } = [];

    /// <summary>LINUX_VERSION_CODE, which kernels before 5.0 want of kprobes.</summary>
    public uint KernelVersion { get; init; }

    /// <summary>The object's types in the kernel, or null.</summary>
    public BpfHandle? Types { get; init; }

    /// <summary>Functions with their types, Linux 5.0.</summary>
    public BpfFunctionInfo[] Functions { get; init; } = [];

    /// <summary>Source lines, Linux 5.0.</summary>
    public BpfLineInfo[] Lines { get; init; } = [];

    /// <summary>Says what a number that stands for something missing stood for, in the verifier's log; see <see cref="VerifierLog"/>.</summary>
    public Func<VerifierPoison, int, string?>? NameOf { get; init; }

    /// <summary>Loads it: first without a log, for most succeed; refused, once more to learn why.</summary>
    /// <exception cref="BpfException">Refused; the verifier's log is with it.</exception>
    public BpfHandle Load()
    {
        KernelFeatures features = KernelFeatures.Current;
        _omitsName = features.LacksObjectNames;
        _omitsAttachType = AttachTypeIsOptional && features.LacksExpectedAttachType;
        int result = Call(default);
        if (IsMisunderstood(result) && Adapt(features))
        {
            result = Call(default);
        }

        if (IsMisunderstood(result) && Types is not null && Functions.Length > 0)
        {
            // Function and line records only serve tools and error messages, unless a program has global functions. Kernels that take
            // types but no such records (4.18 to 4.20) find the arguments too long; what they say without is about the program itself.
            _omitsInfo = true;
            int plain = Call(default);
            _omitsInfo = plain >= 0 || (result == -Errno.E2BIG && plain != -Errno.E2BIG);
            result = _omitsInfo ? plain : result;
        }

        if (IsMisunderstood(result) && AttachTypeIsOptional && AttachType != 0 && !_omitsAttachType)
        {
            // Attach types as such it knows, but not this one.
            _omitsAttachType = true;
            int plain = Call(default);
            _omitsAttachType = plain >= 0;
            result = plain >= 0 ? plain : result;
        }

        return result >= 0 ? new BpfHandle(result) : throw Refused(-result);
    }

    /// <summary>Loads it as it is; why the kernel refuses it does not matter.</summary>
    /// <returns>Null if it does.</returns>
    public BpfHandle? TryLoad()
    {
        int result = Call(default);
        return result >= 0 ? new BpfHandle(result) : null;
    }

    /// <summary>Whether an old kernel says so of what it does not know; the verifier does of programs, too.</summary>
    private static bool IsMisunderstood(int result) => result is -Errno.EINVAL or -Errno.E2BIG or -Errno.EOPNOTSUPP;

    /// <summary>Leaves out what this kernel lacks.</summary>
    /// <returns>Whether there was any such thing.</returns>
    private bool Adapt(KernelFeatures features)
    {
        bool isChanged = false;
        if (Name.Length > 0 && !_omitsName && !features.HasObjectNames)
        {
            _omitsName = isChanged = true;
        }

        if (AttachTypeIsOptional && AttachType != 0 && !_omitsAttachType && !features.HasExpectedAttachType)
        {
            _omitsAttachType = isChanged = true;
        }

        if (RenameHelpers(dryRun: true) && !features.HasProbeReadKernel)
        {
            isChanged = RenameHelpers(dryRun: false);
        }

        return isChanged;
    }

    /// <summary>
    /// Before Linux 5.5 one helper read both the kernel's and users' memory, and one their strings. Only where the two are apart, and on
    /// these kernels they were not, is that another thing.
    /// </summary>
    /// <returns>Whether there is one to be renamed.</returns>
    private bool RenameHelpers(bool dryRun)
    {
        // include/uapi/linux/bpf.h, ___BPF_FUNC_MAPPER: 112 of users, 113 of the kernel, 114 and 115 the same for strings.
        const int ProbeRead = 4;
        const int ProbeReadStr = 45;
        const int ProbeReadUser = 112;
        const int ProbeReadKernel = 113;
        const int ProbeReadKernelStr = 115;
        bool any = false;
        foreach (ref BpfInstruction instruction in Instructions.AsSpan())
        {
            if (instruction.Opcode != BpfInstruction.Call || instruction.SourceRegister != 0
                || instruction.Immediate is < ProbeReadUser or > ProbeReadKernelStr)
            {
                continue;
            }

            any = true;
            if (!dryRun)
            {
                int helper = instruction.Immediate is ProbeReadUser or ProbeReadKernel ? ProbeRead : ProbeReadStr;
                instruction = instruction with { Immediate = helper };
            }
        }

        return any;
    }

    private BpfException Refused(int errno)
    {
        byte[] log = new byte[FirstLogSize];
        while (true)
        {
            log.AsSpan().Clear();
            int result = Call(log);
            if (result >= 0)
            {
                // It would load now. Whatever kept it from loading before is gone, but the caller was promised an answer, not a guess.
                new BpfHandle(result).Dispose();
                return new BpfException($"load program {Name}", errno, advice: "it loads when tried again: retry");
            }

            if (result != -Errno.ENOSPC || log.Length >= MaxLogSize)
            {
                VerifierLog text = VerifierLog.Parse(log, result == -Errno.ENOSPC, NameOf);
                return new BpfException($"load program {Name}", errno, text, AdviceFor(errno, text));
            }

            // Linux 6.4 says how much it wants; before, four times as much each time.
            log = new byte[(int)Math.Clamp(_logSize + 1L, log.Length * 4L, MaxLogSize)];
        }
    }

    private string? AdviceFor(int errno, VerifierLog log)
    {
        const int OldLimit = 4096;    // BPF_MAXINSNS, to which Linux before 5.2 kept all programs
        return errno == Errno.E2BIG && log.Text.Length == 0 && Instructions.Length > OldLimit
            ? $"it has {Instructions.Length} instructions, and this kernel takes {OldLimit} (a million from Linux 5.2 on, with CAP_BPF)"
            : Advice.For(errno, log.Text.Length == 0);
    }

    private int Call(Span<byte> log)
    {
        bool withInfo = !_omitsInfo && Types is not null && Functions.Length > 0;
        using BpfHandle.Lease types = BpfHandle.Borrow(Types);
        using BpfHandle.Lease attachProgram = BpfHandle.Borrow(AttachProgram);
        byte[] license = System.Text.Encoding.UTF8.GetBytes(License + "\0");

        // All arrays are pinned for the length of the call; the kernel writes to the log alone.
        fixed (int* descriptors = Descriptors)
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
                prog_name = _omitsName ? default : BpfSyscall.Name(Name),
                expected_attach_type = _omitsAttachType ? 0 : (uint)AttachType,
                attach_btf_id = AttachBtfId,
                attach_prog_fd = (uint)(AttachModule != 0 ? AttachModule : attachProgram.Fd),
                fd_array = BpfSyscall.Address(descriptors),
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
            _logSize = attr.log_true_size;
            return result;
        }
    }
}
