using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>A program in the kernel.</summary>
/// <remarks>Thread-safe. Stays loaded as long as this object or a link holds it.</remarks>
public sealed class BpfProgram : IDisposable
{
    internal BpfProgram(
        BpfHandle handle, string name, BpfProgramType type, BpfAttachType attachType, string attachTarget, string sectionName)
    {
        SectionName = sectionName;
        Handle = handle;
        Name = name;
        Type = type;
        AttachType = attachType;
        AttachTarget = attachTarget;
    }

    /// <summary>The descriptor; owned by this object.</summary>
    public BpfHandle Handle { get; }

    /// <summary>The function's name in the object.</summary>
    public string Name { get; }

    /// <summary>Program type.</summary>
    public BpfProgramType Type { get; }

    /// <summary>Expected attach type.</summary>
    public BpfAttachType AttachType { get; }

    /// <summary>Name of its section in the object, with a leading question mark if it has one; empty for one that was pinned.</summary>
    public string SectionName { get; }

    /// <summary>What the section name says after its type, e.g. <c>inet_sock_set_state</c> or <c>sock/inet_sock_set_state</c>.</summary>
    public string AttachTarget { get; }

    /// <summary>Opens a program that is pinned. Linux 4.13 (for its information; 4.4 has the pin).</summary>
    /// <param name="path">Where.</param>
    /// <param name="attachType">Its expected attach type, which the kernel does not tell.</param>
    /// <exception cref="BpfException">Refused: ENOENT if there is nothing.</exception>
    public static BpfProgram OpenPinned(string path, BpfAttachType attachType = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        BpfHandle handle = PinnedObject.Open(path, "program");
        try
        {
            bpf_prog_info info = ReadInfo(handle, path);
            return new BpfProgram(handle, info.name.ToString(), (BpfProgramType)info.type, attachType, string.Empty, string.Empty);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Keeps the program loaded after this object and the process have gone: until the file is removed. Linux 4.4.</summary>
    /// <param name="path">A new name in a BPF file system.</param>
    /// <exception cref="BpfException">Refused: EEXIST if the name is taken.</exception>
    public void Pin(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        PinnedObject.Pin(Handle, path, $"program {Name}");
    }

    /// <summary>
    /// How often the program did not run because it was already running on the same CPU (tracing programs only).
    /// <c>bpf_prog_info.recursion_misses</c>, Linux 5.12; 0 before. Allocates nothing.
    /// </summary>
    /// <exception cref="BpfException">The kernel refused to say.</exception>
    public ulong ReadRecursionMisses() => ReadInfo().recursion_misses;

    /// <summary>
    /// Runs the program on made-up input, without attaching it. Linux 4.12 for network programs, which need at least 14 bytes of data;
    /// 5.10 for <c>raw_tp</c> and 5.14 for <c>syscall</c> ones, which take a context and no data. Allocates nothing.
    /// </summary>
    /// <param name="data">What a network program sees as the packet, starting with an Ethernet header.</param>
    /// <param name="dataOut">Receives the packet as the program left it.</param>
    /// <param name="context">
    /// What the program gets as its context: <c>struct __sk_buff</c>, <c>struct xdp_md</c>, a tracepoint's arguments, or what a
    /// <c>syscall</c> program expects. What the program changed there is written back, but for tracepoints.
    /// </param>
    /// <param name="repeat">Times to run it, for those types that allow it; 0 is once.</param>
    /// <exception cref="BpfException">
    /// Refused: EINVAL for input that the type does not take, ENOSPC if <paramref name="dataOut"/> is too short, ENOTSUPP for types
    /// that cannot be run like this, EINTR when a signal ended many repetitions.
    /// </exception>
    public unsafe BpfTestRun TestRun(
        ReadOnlySpan<byte> data = default, Span<byte> dataOut = default, Span<byte> context = default, int repeat = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(repeat);
        bool writesContextApart = Type is not (BpfProgramType.RawTracepoint or BpfProgramType.Tracing or BpfProgramType.Syscall);
        using BpfHandle.Lease lease = Handle.Borrow();

        // The kernel reads data and writes dataOut and context, all within the lengths that go with them.
        fixed (byte* dataPointer = data)
        fixed (byte* dataOutPointer = dataOut)
        fixed (byte* contextPointer = context)
        {
            var attr = new bpf_attr_test
            {
                prog_fd = (uint)lease.Fd,
                data_in = BpfSyscall.Address(dataPointer),
                data_size_in = (uint)data.Length,
                data_out = BpfSyscall.Address(dataOutPointer),
                data_size_out = (uint)dataOut.Length,
                ctx_in = BpfSyscall.Address(contextPointer),
                ctx_size_in = (uint)context.Length,
                ctx_out = writesContextApart ? BpfSyscall.Address(contextPointer) : 0,
                ctx_size_out = writesContextApart ? (uint)context.Length : 0,
                repeat = (uint)repeat,
            };
            int result = BpfSyscall.Call(bpf_cmd.BPF_PROG_TEST_RUN, ref attr);
            return result < 0
                ? throw new BpfException($"run program {Name}", -result)
                : new BpfTestRun(attr.retval, (int)attr.data_size_out, TimeSpan.FromMicroseconds(attr.duration / 1000.0));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    /// <summary>What the kernel says of it. Linux 4.13.</summary>
    /// <exception cref="BpfException">Refused.</exception>
    internal bpf_prog_info ReadInfo() => ReadInfo(Handle, Name);

    private static unsafe bpf_prog_info ReadInfo(BpfHandle handle, string name)
    {
        using BpfHandle.Lease lease = handle.Borrow();
        bpf_prog_info info = default;

        // info lives on this stack frame, and the kernel writes at most info_len bytes.
        var attr = new bpf_attr_info
        {
            bpf_fd = (uint)lease.Fd,
            info_len = (uint)sizeof(bpf_prog_info),
            info = BpfSyscall.Address(&info),
        };
        int result = BpfSyscall.Call(bpf_cmd.BPF_OBJ_GET_INFO_BY_FD, ref attr);
        return result >= 0 ? info : throw new BpfException($"read information of program {name}", -result);
    }
}
