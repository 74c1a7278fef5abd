using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>A program in the kernel.</summary>
/// <remarks>Thread-safe. Stays loaded as long as this object or a link holds it.</remarks>
public sealed class BpfProgram : IDisposable
{
    internal BpfProgram(BpfHandle handle, string name, BpfProgramType type, BpfAttachType attachType, string attachTarget)
    {
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

    /// <summary>What the section name says after its type, e.g. <c>inet_sock_set_state</c> or <c>sock/inet_sock_set_state</c>.</summary>
    public string AttachTarget { get; }

    /// <summary>
    /// How often the program did not run because it was already running on the same CPU (tracing programs only).
    /// <c>bpf_prog_info.recursion_misses</c>, Linux 5.12; 0 before. Allocates nothing.
    /// </summary>
    /// <exception cref="BpfException">The kernel refused to say.</exception>
    public unsafe ulong ReadRecursionMisses()
    {
        using BpfHandle.Lease lease = Handle.Borrow();
        bpf_prog_info info = default;

        // info lives on this stack frame, and the kernel writes at most info_len bytes.
        var attr = new bpf_attr_info
        {
            bpf_fd = (uint)lease.Fd,
            info_len = (uint)sizeof(bpf_prog_info),
            info = BpfSyscall.Address(&info),
        };
        int result = BpfSyscall.Call(bpf_cmd.BPF_OBJ_GET_INFO_BY_FD, ref attr);
        if (result < 0)
        {
            throw new BpfException($"read information of program {Name}", -result);
        }

        return info.recursion_misses;
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
