using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// A program attached to a hook. Disposing it detaches, unless it is pinned; so does the end of the process, however it ends, unless
/// <see cref="OutlivesProcess"/> says otherwise.
/// </summary>
/// <remarks>Thread-safe. Keep it reachable: a collected link detaches. It keeps its program loaded by itself.</remarks>
public sealed partial class BpfLink : IDisposable
{
    private readonly IDisposable? _undo;

    /// <param name="handle">Its descriptor, which this object then owns.</param>
    /// <param name="description">What is attached to what.</param>
    /// <param name="isKernelLink">Whether the descriptor is that of a link.</param>
    /// <param name="undo">What is left to do once the descriptor is closed.</param>
    internal BpfLink(BpfHandle handle, string description, bool isKernelLink = true, IDisposable? undo = null)
    {
        Handle = handle;
        Description = description;
        IsKernelLink = isKernelLink;
        _undo = undo;
    }

    /// <summary>The descriptor; owned by this object. Of the link; without <see cref="IsKernelLink"/> of the event or the program.</summary>
    public BpfHandle Handle { get; }

    /// <summary>What is attached to what, for messages.</summary>
    public string Description { get; }

    /// <summary>
    /// Whether the kernel has an object for the attachment, as it should: only then there is <see cref="Update"/>, <see cref="Detach"/> and
    /// <see cref="Pin"/>.
    /// </summary>
    public bool IsKernelLink { get; }

    /// <summary>
    /// Whether the program stays attached if the process ends without disposing this: older kernels know no other way for cgroups and
    /// network devices.
    /// </summary>
    public bool OutlivesProcess { get; internal init; }

    /// <summary>Opens a link that is pinned. Linux 5.7.</summary>
    /// <exception cref="BpfException">Refused: ENOENT if there is nothing.</exception>
    public static BpfLink OpenPinned(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new BpfLink(PinnedObject.Open(path, "link"), $"pinned link {path}");
    }

    /// <summary>Puts another program in the place of the attached one, with none of the hook's events missed. Linux 5.7.</summary>
    /// <param name="program">Of the same type and attach type.</param>
    /// <exception cref="BpfException">Refused: EINVAL for another type or a kind of link that cannot (tracing before Linux 6.1).</exception>
    /// <exception cref="NotSupportedException">This is no link of the kernel.</exception>
    public void Update(BpfProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        RequireKernelLink();
        using BpfHandle.Lease lease = Handle.Borrow();
        using BpfHandle.Lease programLease = program.Handle.Borrow();
        var attr = new bpf_attr_link_update { link_fd = (uint)lease.Fd, new_prog_fd = (uint)programLease.Fd };
        ThrowIfRefused(BpfSyscall.Call(bpf_cmd.BPF_LINK_UPDATE, ref attr), $"put {program.Name} into");
    }

    /// <summary>Detaches for everyone, also where others hold the link or it is pinned. Linux 5.9; not all kinds can.</summary>
    /// <exception cref="BpfException">Refused: EOPNOTSUPP if this kind cannot.</exception>
    /// <exception cref="NotSupportedException">This is no link of the kernel.</exception>
    public void Detach()
    {
        RequireKernelLink();
        using BpfHandle.Lease lease = Handle.Borrow();
        var attr = new bpf_attr_link_detach { link_fd = (uint)lease.Fd };
        ThrowIfRefused(BpfSyscall.Call(bpf_cmd.BPF_LINK_DETACH, ref attr), "detach");
    }

    /// <summary>Keeps the program attached after this object and the process have gone: until the file is removed. Linux 5.7.</summary>
    /// <param name="path">A new name in a BPF file system.</param>
    /// <exception cref="BpfException">Refused: EEXIST if the name is taken.</exception>
    /// <exception cref="NotSupportedException">This is no link of the kernel.</exception>
    public void Pin(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RequireKernelLink();
        PinnedObject.Pin(Handle, path, Description);
        (_undo as ProbeEvent)?.Keep();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Handle.Dispose();
        _undo?.Dispose();
    }

    /// <summary>BPF_LINK_CREATE without more than it always takes.</summary>
    /// <returns>A descriptor or <c>-errno</c>.</returns>
    internal static int TryCreate(BpfProgram program, int target, BpfAttachType type, uint flags)
    {
        using BpfHandle.Lease lease = program.Handle.Borrow();
        var attr = new bpf_attr_link_create
        {
            prog_fd = (uint)lease.Fd,
            target_fd = (uint)target,
            attach_type = (uint)type,
            flags = flags,
        };
        return BpfSyscall.Call(bpf_cmd.BPF_LINK_CREATE, ref attr);
    }

    /// <summary>Makes a link of what the kernel answered.</summary>
    /// <exception cref="BpfException">It was a refusal.</exception>
    internal static BpfLink Wrap(int result, string description) => result < 0
        ? throw new BpfException($"attach {description}", -result, advice: Advice.For(-result))
        : new BpfLink(new BpfHandle(result), description);

    private void RequireKernelLink()
    {
        if (!IsKernelLink)
        {
            throw new NotSupportedException($"{Description}: this kernel has no links for it");
        }
    }

    private void ThrowIfRefused(int result, string operation)
    {
        if (result < 0)
        {
            throw new BpfException($"{operation} {Description}", -result, advice: Advice.For(-result));
        }
    }
}
