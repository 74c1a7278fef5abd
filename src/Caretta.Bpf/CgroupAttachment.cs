using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>A program at a cgroup, on kernels that have no links for it (before Linux 5.7): it stays until it is taken away.</summary>
internal sealed class CgroupAttachment : IDisposable
{
    private const uint AllowMulti = 2;    // include/uapi/linux/bpf.h, BPF_F_ALLOW_MULTI, Linux 4.15

    private readonly BpfHandle _cgroup;
    private readonly BpfHandle _program;
    private readonly BpfAttachType _type;
    private int _isDetached;

    private CgroupAttachment(BpfHandle cgroup, BpfHandle program, BpfAttachType type)
    {
        _cgroup = cgroup;
        _program = program;
        _type = type;
    }

    /// <inheritdoc cref="BpfLink.AttachCgroup"/>
    public static BpfLink Attach(BpfProgram program, string cgroupPath)
    {
        string description = $"{program.Name} to cgroup {cgroupPath}";
        BpfHandle cgroup = Open(cgroupPath);
        try
        {
            using BpfHandle.Lease target = cgroup.Borrow();
            int result = BpfLink.TryCreate(program, target.Fd, program.AttachType, 0);
            if (result >= 0)
            {
                cgroup.Dispose();
                return BpfLink.Wrap(result, description);
            }

            if (result != -Errno.EINVAL)
            {
                throw new BpfException($"attach {description}", -result, advice: Advice.For(-result));
            }

            BpfHandle handle = program.Handle.Duplicate();
            var attachment = new CgroupAttachment(cgroup, program.Handle.Duplicate(), program.AttachType);
            result = attachment.Call(bpf_cmd.BPF_PROG_ATTACH, AllowMulti);
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
            cgroup.Dispose();
            throw;
        }
    }

    /// <summary>Opens a directory of the cgroup tree.</summary>
    /// <exception cref="BpfException">It is not there or may not be read.</exception>
    public static BpfHandle Open(string cgroupPath)
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
            _cgroup.Dispose();
        }
    }

    private int Call(bpf_cmd command, uint flags)
    {
        using BpfHandle.Lease cgroup = _cgroup.Borrow();
        using BpfHandle.Lease program = _program.Borrow();
        var attr = new bpf_attr_prog_attach
        {
            target_fd = (uint)cgroup.Fd,
            attach_bpf_fd = (uint)program.Fd,
            attach_type = (uint)_type,
            attach_flags = flags,
        };
        return BpfSyscall.Call(command, ref attr);
    }
}
