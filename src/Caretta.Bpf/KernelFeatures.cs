using System.Buffers.Binary;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// What the running kernel can do, found out by trying with throw-away maps and programs: distributions backport, so versions prove
/// nothing. Each question is asked once, when it first comes up; kernels that take everything are asked none by the loader.
/// </summary>
/// <remarks>Thread-safe. Without the privilege to try, the answer is yes: then the kernel's own refusal is the better message.</remarks>
public sealed class KernelFeatures
{
    // Every probe starts with "int", id 1; its name is at offset 1.
    private const int IntName = 1;
    private const int OtherName = 5;
    private const int OptionalName = 7;
    private const byte SetImmediate = 0xb7;      // BPF_ALU64 | BPF_MOV | BPF_K

    private readonly Lazy<bool> _objectNames = new(ProbeObjectNames);
    private readonly Lazy<bool> _expectedAttachType = new(ProbeExpectedAttachType);
    private readonly Lazy<bool> _globalData = new(ProbeGlobalData);
    private readonly Lazy<bool> _probeReadKernel = new(ProbeProbeReadKernel);
    private readonly Lazy<bool> _batches = new(ProbeBatches);
    private readonly Lazy<bool> _mappableArrays = new(ProbeMappableArrays);
    private readonly Lazy<bool> _perfLinks = new(ProbePerfLinks);
    private readonly Lazy<bool> _farValues = new(ProbeFarValues);
    private readonly Lazy<BtfFeatures> _typeInformation = new(ProbeBtf);

    private volatile bool _hidesBatches;
    private volatile bool _hidesGlobalData;

    internal KernelFeatures()
    {
    }

    /// <summary>Of the kernel that runs.</summary>
    public static KernelFeatures Current => KernelCalls.Current.Features;

    /// <summary>Whether maps and programs have names. Linux 4.15.</summary>
    public bool HasObjectNames => _objectNames.Value;

    /// <summary>Whether programs can be loaded for one attach type. Linux 4.17.</summary>
    public bool HasExpectedAttachType => _expectedAttachType.Value;

    /// <summary>Whether programs can have variables: sections that are maps. Linux 5.2.</summary>
    public bool HasGlobalData => !_hidesGlobalData && _globalData.Value;

    /// <summary>Whether programs can say if they read the kernel's or a user's memory. Linux 5.5.</summary>
    public bool HasProbeReadKernel => _probeReadKernel.Value;

    /// <summary>Whether an array's values can be mapped into memory. Linux 5.5.</summary>
    public bool HasMappableArrays => _mappableArrays.Value;

    /// <summary>Whether hashes can be read in batches. Linux 5.6.</summary>
    public bool HasBatches => !_hidesBatches && _batches.Value;

    /// <summary>Whether probes and tracepoints have links. Linux 5.15.</summary>
    public bool HasPerfLinks => _perfLinks.Value;

    /// <summary>Whether programs can refer to bytes of a map beyond 512 MiB. Linux 7.0.</summary>
    public bool HasFarValues => _farValues.Value;

    /// <summary>What it takes in type information; nothing before Linux 4.18.</summary>
    public BtfFeatures TypeInformation => _typeInformation.Value;

    /// <summary>
    /// Does without some of it from now on, in the whole process: for those who walk the paths of older kernels on a newer one. What was
    /// loaded before keeps what it has.
    /// </summary>
    /// <param name="batches">Whether maps are walked key by key, as before Linux 5.6.</param>
    /// <param name="globalData">Whether programs have no variables, as before Linux 5.2, and whoever needs one is refused.</param>
    public void Hide(bool batches, bool globalData)
    {
        _hidesBatches |= batches;
        _hidesGlobalData |= globalData;
    }

    /// <summary>Whether it is known, without asking, that the kernel has no names.</summary>
    internal bool LacksObjectNames => _objectNames.IsValueCreated && !_objectNames.Value;

    /// <summary>Whether <see cref="Hide"/> has taken variables away.</summary>
    internal bool HidesGlobalData => _hidesGlobalData;

    /// <summary>Whether it is known, without asking, that the kernel has no expected attach types.</summary>
    internal bool LacksExpectedAttachType => _expectedAttachType.IsValueCreated && !_expectedAttachType.Value;

    /// <summary>Whether it is known, without asking, that the kernel has no batches.</summary>
    internal bool LacksBatches => _hidesBatches || _batches.IsValueCreated && !_batches.Value;

    /// <summary>Whether it is known, without asking, that arrays cannot be mapped.</summary>
    internal bool LacksMappableArrays => _mappableArrays.IsValueCreated && !_mappableArrays.Value;

    /// <summary>Whether programs of a type may call a helper.</summary>
    /// <param name="type">A type that is loaded without a hook: not tracing by type, LSM, struct_ops or extension.</param>
    /// <param name="helper">Its number, <c>include/uapi/linux/bpf.h, ___BPF_FUNC_MAPPER</c>.</param>
    /// <exception cref="BpfException">EPERM: it cannot be found out.</exception>
    public static bool HasHelper(BpfProgramType type, int helper)
    {
        var probe = new ProgramLoad
        {
            Name = "probe_helper",
            Type = type,
            License = "GPL",
            KernelVersion = KernelRelease.VersionCode,
            Instructions = [new BpfInstruction(BpfInstruction.Call, immediate: helper), new BpfInstruction(BpfInstruction.Exit)],
        };
        try
        {
            probe.Load().Dispose();
            return true;
        }
        catch (BpfException refused) when (refused.ErrorNumber != Errno.EPERM)
        {
            // It is called without arguments, and so refused anyhow; what matters is why. An empty log: no such program type.
            string log = refused.Log?.Text ?? string.Empty;
            return log.Length > 0
                && !log.Contains("unknown func ", StringComparison.Ordinal)
                && !log.Contains("invalid func ", StringComparison.Ordinal)
                && !log.Contains("cannot use helper ", StringComparison.Ordinal);
        }
    }

    /// <summary>Finds out what the kernel takes in type information. Twenty system calls or so: only for kernels that refused some.</summary>
    internal static BtfFeatures ProbeBtf()
    {
        BtfFeatures features = BtfFeatures.None;

        // include/uapi/linux/btf.h: struct btf_type is name_off, info (kind << 24 | vlen, kind flag in bit 31), size or type; then what the
        // kind needs. Function 3 has prototype 2, which returns int and takes nothing.
        Probe(BtfFeatures.Functions, [0, Info(BtfKind.FunctionPrototype), 1, OtherName, Info(BtfKind.Function), 2]);
        Probe(BtfFeatures.GlobalFunctions, [0, Info(BtfKind.FunctionPrototype), 1, OtherName, Info(BtfKind.Function, 1), 2]);
        Probe(BtfFeatures.DataSections, DataSection(OtherName));
        Probe(BtfFeatures.OptionalSections, DataSection(OptionalName));
        Probe(BtfFeatures.Floats, [OtherName, Info(BtfKind.Float), 4]);
        Probe(BtfFeatures.DeclarationTags,
            [OtherName, Info(BtfKind.Variable), 1, 1, OtherName, Info(BtfKind.DeclarationTag), 2, uint.MaxValue]);
        Probe(BtfFeatures.TypeTags, [OtherName, Info(BtfKind.TypeTag), 1, 0, Info(BtfKind.Pointer), 2]);
        Probe(BtfFeatures.Enum64, [OtherName, Info(BtfKind.Enum64, 1), 8, OtherName, 0, 0]);
        return features;

        void Probe(BtfFeatures feature, ReadOnlySpan<uint> types)
        {
            using BpfHandle? accepted = BtfObject.TryLoad(Image(types));
            if (accepted is not null)
            {
                features |= feature;
            }
        }
    }

    /// <summary>What programs may ask about the kernel that its configuration file does not say.</summary>
    internal static BpfKernelFacts ProbeFacts() => new(KernelRelease.VersionCode, HasBpfCookie(), HasSyscallWrapper());

    /// <summary>Whether probes may carry a cookie: whether the kernel knows the helper that reads it. Linux 5.15.</summary>
    private static bool HasBpfCookie()
    {
        const int BpfGetAttachCookie = 174;      // include/uapi/linux/bpf.h, ___BPF_FUNC_MAPPER
        var probe = new ProgramLoad
        {
            Name = "probe_cookie",
            Type = BpfProgramType.Tracepoint,
            License = "GPL",
            Instructions = [new BpfInstruction(BpfInstruction.Call, immediate: BpfGetAttachCookie), new BpfInstruction(BpfInstruction.Exit)],
        };
        using BpfHandle? accepted = probe.TryLoad();
        return accepted is not null;
    }

    /// <summary>
    /// Whether system calls take their arguments by <c>struct pt_regs</c> (CONFIG_ARCH_HAS_SYSCALL_WRAPPER; x86 and arm64 since Linux
    /// 4.17 and 4.19). Such kernels have the name of the architecture in the function's name.
    /// </summary>
    private static bool HasSyscallWrapper() =>
        KernelSymbols.Contains("__x64_sys_bpf") || KernelSymbols.Contains("__arm64_sys_bpf");

    private static bool ProbeObjectNames() => Compare(CreateArray("probe"), CreateArray(string.Empty));

    private static bool ProbeMappableArrays() => Compare(CreateArray(string.Empty, BpfMapDefinition.Mmapable), CreateArray(string.Empty));

    private static bool ProbeExpectedAttachType()
    {
        return Compare(Load(BpfAttachType.CgroupInetSockCreate), Load(0));

        static BpfHandle? Load(BpfAttachType type) => new ProgramLoad
        {
            Name = string.Empty,
            Type = BpfProgramType.CgroupSocket,
            License = "GPL",
            AttachType = type,
            Instructions = ReturnZero,
        }.TryLoad();
    }

    private static bool ProbeGlobalData()
    {
        using BpfHandle? array = CreateArray(string.Empty);
        if (array is null)
        {
            return true;
        }

        using BpfHandle.Lease lease = array.Borrow();
        return Compare(
            Load([
                new BpfInstruction(BpfInstruction.LoadImmediate64, 1, BpfInstruction.PseudoMapValue, immediate: lease.Fd), default,
                .. ReturnZero,
            ]),
            Load(ReturnZero));
    }

    private static bool ProbeProbeReadKernel()
    {
        const int BpfProbeReadKernel = 113;
        const byte CopyRegister = 0xbf;
        const byte AddImmediate = 0x07;
        return Compare(
            Load([
                new BpfInstruction(CopyRegister, 1, 10),
                new BpfInstruction(AddImmediate, 1, immediate: -8),
                new BpfInstruction(SetImmediate, 2, immediate: 8),
                new BpfInstruction(SetImmediate, 3),
                new BpfInstruction(BpfInstruction.Call, immediate: BpfProbeReadKernel),
                .. ReturnZero,
            ], BpfProgramType.Tracepoint),
            Load(ReturnZero, BpfProgramType.Tracepoint));
    }

    private static bool ProbeFarValues()
    {
        using BpfHandle? array = CreateArray(string.Empty);
        if (array is null)
        {
            return false;
        }

        using BpfHandle.Lease lease = array.Borrow();
        var probe = new ProgramLoad
        {
            Name = string.Empty,
            Type = BpfProgramType.SocketFilter,
            License = "GPL",
            Instructions =
            [
                new BpfInstruction(BpfInstruction.LoadImmediate64, 1, BpfInstruction.PseudoMapValue, immediate: lease.Fd),
                new BpfInstruction(0, immediate: 1 << 30),
                .. ReturnZero,
            ],
        };
        try
        {
            probe.Load().Dispose();
            return true;
        }
        catch (BpfException refused)
        {
            // The array is small, so all refuse; those that can reach so far say that it is beyond the end of this map.
            return refused.Log?.Text.Contains("invalid access to map value pointer", StringComparison.Ordinal) == true;
        }
    }

    private static unsafe bool ProbeBatches()
    {
        int hash = BpfMap.TryCreate(new BpfMapShape(string.Empty, BpfMapType.Hash, 4, 4, 1, 0), default, 0);
        if (hash < 0)
        {
            return true;
        }

        using var map = new BpfHandle(hash);
        using BpfHandle.Lease lease = map.Borrow();
        uint token, key, value;
        var attr = new bpf_attr_batch
        {
            out_batch = BpfSyscall.Address(&token),
            keys = BpfSyscall.Address(&key),
            values = BpfSyscall.Address(&value),
            count = 1,
            map_fd = (uint)lease.Fd,
        };

        // Nothing is in it: a kernel that knows batches says so, ENOENT.
        return BpfSyscall.Call(bpf_cmd.BPF_MAP_LOOKUP_BATCH, ref attr) is not -Errno.EINVAL;
    }

    private static bool ProbePerfLinks()
    {
        using BpfHandle? program = Load(ReturnZero, BpfProgramType.Tracepoint);
        if (program is null)
        {
            return true;
        }

        using BpfHandle.Lease lease = program.Borrow();
        var attr = new bpf_attr_link_create
        {
            prog_fd = (uint)lease.Fd,
            target_fd = uint.MaxValue,
            attach_type = (uint)BpfAttachType.PerfEvent,
        };

        // EBADF: it looked for the event.
        return BpfSyscall.Call(bpf_cmd.BPF_LINK_CREATE, ref attr) is not -Errno.EINVAL;
    }

    private static BpfInstruction[] ReturnZero => [new BpfInstruction(SetImmediate), new BpfInstruction(BpfInstruction.Exit)];

    private static BpfHandle? Load(BpfInstruction[] instructions, BpfProgramType type = BpfProgramType.SocketFilter) => new ProgramLoad
    {
        Name = string.Empty,
        Type = type,
        License = "GPL",
        KernelVersion = KernelRelease.VersionCode,
        Instructions = instructions,
    }.TryLoad();

    private static BpfHandle? CreateArray(string name, uint flags = 0)
    {
        int result = BpfMap.TryCreate(new BpfMapShape(name, BpfMapType.Array, 4, 4, 1, flags), default, 0);
        return result >= 0 ? new BpfHandle(result) : null;
    }

    /// <summary>A feature is missing if what needs it is refused and the same without it is not.</summary>
    private static bool Compare(BpfHandle? with, BpfHandle? without)
    {
        using (with)
        using (without)
        {
            return with is not null || without is null;
        }
    }

    private static uint Info(BtfKind kind, uint length = 0) => (uint)kind << 24 | length;

    // Variable 2 is a global int; section 3 holds it at offset 0.
    private static uint[] DataSection(uint name) =>
        [OtherName, Info(BtfKind.Variable), 1, 1, name, Info(BtfKind.DataSection, 1), 4, 2, 0, 4];

    private static byte[] Image(ReadOnlySpan<uint> types)
    {
        const int HeaderSize = 24;
        ReadOnlySpan<byte> strings = "\0int\0x\0?.x\0"u8;
        const int Encoding = 1 << 24 | 32;      // signed, 32 bits
        ReadOnlySpan<uint> integer = [IntName, Info(BtfKind.Int), 4, Encoding];
        int typesSize = (integer.Length + types.Length) * sizeof(uint);
        byte[] image = new byte[HeaderSize + typesSize + strings.Length];

        // struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off, str_len.
        ReadOnlySpan<uint> header = [0x0001eb9f, HeaderSize, 0, (uint)typesSize, (uint)typesSize, (uint)strings.Length];
        Span<byte> rest = Write(Write(Write(image, header), integer), types);
        strings.CopyTo(rest);
        return image;
    }

    private static Span<byte> Write(Span<byte> target, ReadOnlySpan<uint> words)
    {
        foreach (uint word in words)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(target, word);
            target = target[sizeof(uint)..];
        }

        return target;
    }
}
