using System.Runtime.InteropServices;

using Caretta.Bpf.Btf;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf.Tests.Loading;

/// <summary>
/// A kernel older than any that can be booted here: it refuses what its release did not have, as that release did, and gives out
/// descriptors of <c>/dev/null</c> for the rest. It verifies nothing.
/// </summary>
/// <param name="major">Release.</param>
/// <param name="minor">Release.</param>
internal sealed unsafe class FakeKernel(int major, int minor) : KernelCalls
{
    private const byte LoadWord = 0x61;
    private const byte LoadDoubleWord = 0x79;
    private const byte AtomicWord = 0xc3;
    private const byte AtomicDoubleWord = 0xdb;

    // What came after Linux 4.10, by command: byte offset in union bpf_attr, bytes, release. From include/uapi/linux/bpf.h over time.
    private static readonly (bpf_cmd Command, int Offset, int Length, Version Since)[] Members =
    [
        (bpf_cmd.BPF_MAP_CREATE, 20, 4, new Version(4, 12)),         // inner_map_fd
        (bpf_cmd.BPF_MAP_CREATE, 24, 4, new Version(4, 14)),         // numa_node
        (bpf_cmd.BPF_MAP_CREATE, 28, 16, new Version(4, 15)),        // map_name
        (bpf_cmd.BPF_MAP_CREATE, 48, 12, new Version(4, 18)),        // btf_fd, btf_key_type_id, btf_value_type_id
        (bpf_cmd.BPF_MAP_CREATE, 64, 8, new Version(5, 16)),         // map_extra
        (bpf_cmd.BPF_PROG_LOAD, 44, 4, new Version(4, 12)),          // prog_flags
        (bpf_cmd.BPF_PROG_LOAD, 48, 16, new Version(4, 15)),         // prog_name
        (bpf_cmd.BPF_PROG_LOAD, 68, 4, new Version(4, 17)),          // expected_attach_type
        (bpf_cmd.BPF_PROG_LOAD, 72, 36, new Version(5, 0)),          // prog_btf_fd, func_info…, line_info…
        (bpf_cmd.BPF_PROG_LOAD, 108, 4, new Version(5, 5)),          // attach_btf_id
    ];

    private static readonly Dictionary<bpf_cmd, Version> Commands = new()
    {
        [bpf_cmd.BPF_PROG_TEST_RUN] = new Version(4, 12),
        [bpf_cmd.BPF_OBJ_GET_INFO_BY_FD] = new Version(4, 13),
        [bpf_cmd.BPF_RAW_TRACEPOINT_OPEN] = new Version(4, 17),
        [bpf_cmd.BPF_BTF_LOAD] = new Version(4, 18),
        [bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_ELEM] = new Version(4, 20),
        [bpf_cmd.BPF_MAP_FREEZE] = new Version(5, 2),
        [bpf_cmd.BPF_MAP_LOOKUP_BATCH] = new Version(5, 6),
        [bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH] = new Version(5, 6),
        [bpf_cmd.BPF_MAP_UPDATE_BATCH] = new Version(5, 6),
        [bpf_cmd.BPF_MAP_DELETE_BATCH] = new Version(5, 6),
        [bpf_cmd.BPF_LINK_CREATE] = new Version(5, 7),
        [bpf_cmd.BPF_ITER_CREATE] = new Version(5, 8),
        [bpf_cmd.BPF_PROG_BIND_MAP] = new Version(5, 10),
    };

    private const uint SocketStorage = 24;    // BPF_MAP_TYPE_SK_STORAGE

    // From enum bpf_prog_type over time.
    private static readonly Dictionary<uint, Version> ProgramTypes = new()
    {
        [SockOps] = new Version(4, 13),
        [17] = new Version(4, 17),    // BPF_PROG_TYPE_RAW_TRACEPOINT
        [26] = new Version(5, 5),     // BPF_PROG_TYPE_TRACING
    };

    private const uint SockOps = 13;

    private readonly Dictionary<uint, string> _typesByDescriptor = [];

    /// <summary>Where its types are; the running kernel's if nobody says.</summary>
    public string? Types { get; set; }

    /// <summary>The modules that are loaded. Their types have numbers, as the kernel's own, which is the first.</summary>
    public List<string> Modules { get; } = [];

    public override string TypesDirectory => Types ?? (ShowsTypes && Release >= new Version(5, 4) ? base.TypesDirectory : "/dev/null/nothing");

    /// <summary>Every call, in order, with a copy of what it was given.</summary>
    public List<(bpf_cmd Command, byte[] Attr)> Calls { get; } = [];

    /// <summary>Asked first: null lets the release decide.</summary>
    public Func<bpf_cmd, byte[], int?>? Answer { get; set; }

    /// <summary>What it says of a log's whole length; null before Linux 6.4.</summary>
    public uint? LogSize { get; set; }

    /// <summary>Soft and hard limit of locked memory; maps and programs are refused until the soft one reaches <see cref="NeededMemory"/>.</summary>
    public rlimit64 Memory { get; set; } = new() { rlim_cur = 64 << 10, rlim_max = 64 << 10 };

    /// <summary>0 for a kernel or a load that needs none.</summary>
    public ulong NeededMemory { get; set; }

    /// <summary>Whether the process may raise the hard limit.</summary>
    public bool HasResourceCapability { get; set; } = true;

    /// <summary>What its maps hold; null for maps that take everything and hold nothing.</summary>
    public FakeMaps? Maps { get; init; }

    /// <summary>Whether it shows its types, which a kernel before 5.4 cannot.</summary>
    public bool ShowsTypes { get; init; } = true;

    /// <summary>Runs while somebody waits for all CPUs; says what they are told.</summary>
    public Func<int> OnMembarrier { get; set; } = static () => 0;

    public override int Membarrier() => OnMembarrier();

    private Version Release { get; } = new(major, minor);

    /// <summary>The calls of one command.</summary>
    public List<byte[]> Of(bpf_cmd command) => [.. Calls.Where(call => call.Command == command).Select(static call => call.Attr)];

    /// <summary>One member of what a call was given.</summary>
    public static T Read<T>(byte[] attr, int offset)
        where T : unmanaged => MemoryMarshal.Read<T>(attr.AsSpan(offset));

    /// <summary>A program's code. Only while its call is answered.</summary>
    public static BpfInstruction[] InstructionsOf(byte[] attr) =>
        new ReadOnlySpan<BpfInstruction>((void*)Read<ulong>(attr, 8), (int)Read<uint>(attr, 4)).ToArray();

    /// <summary>The numbers of the helpers that a program calls. Only while its call is answered.</summary>
    public static List<int> HelpersOf(byte[] attr)
    {
        List<int> helpers = [];
        foreach (BpfInstruction instruction in InstructionsOf(attr))
        {
            if (instruction.Opcode == BpfInstruction.Call && instruction.SourceRegister == 0)
            {
                helpers.Add(instruction.Immediate);
            }
        }

        return helpers;
    }

    public override int Bpf(bpf_cmd command, void* attr, int size)
    {
        // A load calls from two threads.
        lock (Calls)
        {
            return Answered(command, attr, size);
        }
    }

    private int Answered(bpf_cmd command, void* attr, int size)
    {
        byte[] copy = new Span<byte>(attr, size).ToArray();
        Calls.Add((command, copy));
        if (Answer?.Invoke(command, copy) is { } answer)
        {
            if (command == bpf_cmd.BPF_PROG_LOAD && LogSize is { } logSize)
            {
                // log_true_size
                *(uint*)((byte*)attr + 140) = logSize;
            }

            return answer;
        }

        if (Commands.TryGetValue(command, out Version? since) && since > Release)
        {
            return -Errno.EINVAL;
        }

        foreach ((bpf_cmd of, int offset, int length, Version memberSince) in Members)
        {
            if (of == command && memberSince > Release && offset < size
                && copy.AsSpan(offset, Math.Min(length, size - offset)).ContainsAnyExcept((byte)0))
            {
                // Beyond the end of that kernel's union it is E2BIG, within it EINVAL; both are tolerated alike.
                return offset >= 48 ? -Errno.E2BIG : -Errno.EINVAL;
            }
        }

        if (command == bpf_cmd.BPF_MAP_CREATE && Read<uint>(copy, 0) >= SocketStorage && Release < new Version(5, 2))
        {
            return -Errno.EINVAL;
        }

        int result = Decide(command, copy, attr);
        if (result < 0 && result != -Errno.ENOENT)
        {
            return result;
        }

        if (command == bpf_cmd.BPF_MAP_CREATE)
        {
            Maps?.Add(result, copy);
        }

        return Maps?.Call(command, (byte*)attr) ?? result;
    }

    private int Decide(bpf_cmd command, byte[] copy, void* attr)
    {
        return command switch
        {
            bpf_cmd.BPF_PROG_LOAD => LoadProgram(copy),
            bpf_cmd.BPF_MAP_CREATE when (Read<uint>(copy, 16) & (1 << 7)) != 0 && Release < new Version(5, 2) => -Errno.EINVAL,
            bpf_cmd.BPF_MAP_CREATE when (Read<uint>(copy, 16) & (1 << 10)) != 0 && Release < new Version(5, 5) => -Errno.EINVAL,
            bpf_cmd.BPF_BTF_LOAD when !TakesTypes(copy) => -Errno.EINVAL,
            bpf_cmd.BPF_MAP_CREATE or bpf_cmd.BPF_BTF_LOAD => Charged(),
            bpf_cmd.BPF_MAP_LOOKUP_BATCH or bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH or bpf_cmd.BPF_MAP_GET_NEXT_KEY => -Errno.ENOENT,
            bpf_cmd.BPF_LINK_CREATE when Read<uint>(copy, 8) == 41 && Release < new Version(5, 15) => -Errno.EINVAL,
            bpf_cmd.BPF_LINK_CREATE when Read<uint>(copy, 4) == uint.MaxValue => -Errno.EBADF,
            bpf_cmd.BPF_LINK_CREATE or bpf_cmd.BPF_RAW_TRACEPOINT_OPEN or bpf_cmd.BPF_ITER_CREATE => Descriptor(),
            bpf_cmd.BPF_BTF_GET_NEXT_ID => NextTypes((uint*)attr),
            bpf_cmd.BPF_BTF_GET_FD_BY_ID => OpenTypes(Read<uint>(copy, 0)),
            bpf_cmd.BPF_OBJ_GET_INFO_BY_FD when _typesByDescriptor.TryGetValue(Read<uint>(copy, 0), out string? name) =>
                DescribeTypes(name, (bpf_btf_info*)Read<ulong>(copy, 8)),
            _ => 0,
        };
    }

    public override int PerfEventOpen(perf_event_attr* attr, int process, int cpu) => Descriptor();

    public override int Ioctl(int fd, nuint request, nint argument)
    {
        Ioctls.Add(request);
        return 0;
    }

    /// <summary>Requests of every ioctl, in order.</summary>
    public List<nuint> Ioctls { get; } = [];

    public override int LimitLockedMemory(rlimit64* wanted, rlimit64* before)
    {
        if (wanted is not null && wanted->rlim_max > Memory.rlim_max && !HasResourceCapability)
        {
            return -Errno.EPERM;
        }

        if (before is not null)
        {
            *before = Memory;
        }

        if (wanted is not null)
        {
            Memory = *wanted;
        }

        return 0;
    }

    private int NextTypes(uint* id)
    {
        id[1] = id[0] + 1;
        return id[1] <= Modules.Count + 1 ? 0 : -Errno.ENOENT;
    }

    private int OpenTypes(uint id)
    {
        int fd = Descriptor();
        _typesByDescriptor[(uint)fd] = id == 1 ? "vmlinux" : Modules[(int)id - 2];
        return fd;
    }

    private static int DescribeTypes(string name, bpf_btf_info* info)
    {
        info->kernel_btf = 1;
        System.Text.Encoding.UTF8.GetBytes(name + "\0", new Span<byte>((void*)info->name, (int)info->name_len));
        return 0;
    }

    private int Charged() => Memory.rlim_cur < NeededMemory && Release < new Version(5, 11) ? -Errno.EPERM : Descriptor();

    private int LoadProgram(byte[] attr)
    {
        const uint Kprobe = 2;
        BpfInstruction[] instructions = InstructionsOf(attr);
        if (instructions.Length > 4096 && Release < new Version(5, 2))
        {
            return -Errno.E2BIG;
        }

        if (Read<uint>(attr, 0) == Kprobe && Release < new Version(5, 0)
            && Read<uint>(attr, 40) >> 8 != (uint)((Release.Major << 8) | Release.Minor))
        {
            return -Errno.EINVAL;
        }

        uint type = Read<uint>(attr, 0);
        if (ProgramTypes.TryGetValue(type, out Version? typeSince) && typeSince > Release)
        {
            return -Errno.EINVAL;
        }

        bool readsContextOnly = type == SockOps && !HelpersOf(attr).Exists(static helper => helper is >= 136 and <= 140);
        for (int i = 0; i < instructions.Length; i++)
        {
            // struct bpf_sock_ops ended with bytes_acked, then with sk (5.3). Nothing else that these programs load from is as large, but
            // the kernel's own structures: those who read them ask for them first.
            const int EndOfBytesAcked = 184;
            const int EndOfSocket = 192;
            Version needed = instructions[i] switch
            {
                { Opcode: LoadWord or LoadDoubleWord, Offset: >= EndOfSocket } when readsContextOnly => new Version(5, 10),
                { Opcode: LoadWord or LoadDoubleWord, Offset: >= EndOfBytesAcked } when readsContextOnly => new Version(5, 3),
                { Opcode: AtomicWord or AtomicDoubleWord, Immediate: not 0 } => new Version(5, 12),
                _ => new Version(4, 1),
            };
            if (needed > Release)
            {
                return -Errno.EACCES;
            }

            if (instructions[i].IsWide)
            {
                if (instructions[i].SourceRegister == BpfInstruction.PseudoMapValue && Release < new Version(5, 2))
                {
                    return -Errno.EINVAL;
                }

                i++;
            }
        }

        return HelpersOf(attr).TrueForAll(helper => Release >= SinceOf(type, helper)) ? Charged() : -Errno.EINVAL;
    }

    // From ___BPF_FUNC_MAPPER over time, as far as it matters here.
    private static Version SinceOf(uint type, int helper) => helper switch
    {
        46 when type == SockOps => new Version(4, 19),    // bpf_get_socket_cookie: d692f1138a4b
        59 => new Version(4, 16),                         // bpf_sock_ops_cb_flags_set
        80 => new Version(4, 18),                         // bpf_get_current_cgroup_id
        107 or 108 => new Version(5, 2),                  // bpf_sk_storage_get, bpf_sk_storage_delete
        160 => new Version(5, 11),
        >= 112 and <= 115 => new Version(5, 5),
        >= 136 and <= 140 => new Version(5, 9),           // bpf_skc_to_tcp_sock and its like
        164 => new Version(5, 13),                        // bpf_for_each_map_elem
        _ => new Version(4, 1),
    };

    /// <summary>Kinds of types by release: Documentation/bpf/btf.rst and the history of kernel/bpf/btf.c.</summary>
    private bool TakesTypes(byte[] attr)
    {
        var image = new ReadOnlySpan<byte>((void*)Read<ulong>(attr, 0), (int)Read<uint>(attr, 16));
        BtfTypes types = BtfTypes.Parse(image.ToArray(), "types");
        for (uint id = 1; id <= types.Count; id++)
        {
            BtfType type = types[id];
            Version since = type.Kind switch
            {
                BtfKind.Function when type.Linkage == BtfLinkage.Global => new Version(5, 6),
                BtfKind.Function or BtfKind.FunctionPrototype => new Version(5, 0),
                BtfKind.DataSection when type.Name.StartsWith("?"u8) => new Version(6, 9),
                BtfKind.Variable or BtfKind.DataSection => new Version(5, 2),
                BtfKind.Float => new Version(5, 13),
                BtfKind.DeclarationTag => new Version(5, 16),
                BtfKind.TypeTag => new Version(5, 17),
                BtfKind.Enum64 => new Version(6, 0),
                _ => new Version(4, 18),
            };
            if (since > Release)
            {
                return false;
            }
        }

        return true;
    }

    private static int Descriptor()
    {
        int fd = Libc.Open("/dev/null", Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        return fd >= 0 ? fd : throw new IOException("no descriptor left");
    }

}
