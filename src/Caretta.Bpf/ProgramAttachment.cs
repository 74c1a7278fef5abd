using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// A program at a cgroup or a map of sockets, on kernels that have no links for it (before Linux 5.7 and 6.10): it stays until it is taken
/// away.
/// </summary>
internal sealed class ProgramAttachment : IDisposable
{
    private const uint AllowMulti = 2;    // include/uapi/linux/bpf.h, BPF_F_ALLOW_MULTI, Linux 4.15

    private readonly BpfHandle _target;
    private readonly BpfHandle _program;
    private readonly BpfAttachType _type;
    private int _isDetached;

    private ProgramAttachment(BpfHandle target, BpfHandle program, BpfAttachType type)
    {
        _target = target;
        _program = program;
        _type = type;
    }

    /// <inheritdoc cref="BpfLink.AttachCgroup"/>
    public static BpfLink AttachCgroup(BpfProgram program, string cgroupPath) =>
        Attach(program, OpenCgroup(cgroupPath), AllowMulti, $"{program.Name} to cgroup {cgroupPath}", viaLink: true);

    /// <inheritdoc cref="BpfLink.AttachSocketMap"/>
    /// <param name="program">The program.</param>
    /// <param name="map">The map.</param>
    /// <param name="viaLink">Whether to try a link.</param>
    public static BpfLink AttachSocketMap(BpfProgram program, BpfMap map, bool viaLink) =>
        Attach(program, map.Handle.Duplicate(), 0, $"{program.Name} to the sockets of map {map.Name}", viaLink);

    /// <summary>Opens a directory of the cgroup tree.</summary>
    /// <exception cref="BpfException">It is not there or may not be read.</exception>
    public static BpfHandle OpenCgroup(string cgroupPath)
    {
        int fd = Libc.Open(cgroupPath, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        return fd >= 0 ? new BpfHandle(fd) : throw new BpfException($"open cgroup {cgroupPath}", Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDetached, 1) == 0)
        {
            // ENOENT: somebody else has taken it away. Nothing else can be done about any other answer.
            _ = Call(bpf_cmd.BPF_PROG_DETACH, 0);
            _program.Dispose();
            _target.Dispose();
        }
    }

    /// <param name="program">The program.</param>
    /// <param name="target">Where to; taken over.</param>
    /// <param name="flags">Of BPF_PROG_ATTACH.</param>
    /// <param name="description">For messages.</param>
    /// <param name="viaLink">Whether to try a link first.</param>
    private static BpfLink Attach(BpfProgram program, BpfHandle target, uint flags, string description, bool viaLink)
    {
        try
        {
            if (viaLink)
            {
                using BpfHandle.Lease lease = target.Borrow();
                int linked = BpfLink.TryCreate(program, lease.Fd, program.AttachType, 0);
                if (linked != -Errno.EINVAL)
                {
                    BpfLink link = BpfLink.Wrap(linked, description);
                    target.Dispose();
                    return link;
                }
            }

            BpfHandle handle = program.Handle.Duplicate();
            var attachment = new ProgramAttachment(target, program.Handle.Duplicate(), program.AttachType);
            int result = attachment.Call(bpf_cmd.BPF_PROG_ATTACH, flags);
            if (result < 0)
            {
                attachment._program.Dispose();
                handle.Dispose();
                throw new BpfException($"attach {description}", -result, advice: Advice.For(-result));
            }

            return new BpfLink(handle, description, isKernelLink: false, attachment) { OutlivesProcess = true };
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    private int Call(bpf_cmd command, uint flags)
    {
        using BpfHandle.Lease target = _target.Borrow();
        using BpfHandle.Lease program = _program.Borrow();
        var attr = new bpf_attr_prog_attach
        {
            target_fd = (uint)target.Fd,
            attach_bpf_fd = (uint)program.Fd,
            attach_type = (uint)_type,
            attach_flags = flags,
        };
        return BpfSyscall.Call(command, ref attr);
    }
}
