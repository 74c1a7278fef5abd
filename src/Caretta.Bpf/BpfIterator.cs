using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Runs an attached iterator program over all its objects.</summary>
/// <remarks>Not thread-safe: one pass at a time.</remarks>
public sealed class BpfIterator : IDisposable
{
    private readonly BpfLink _link;

    /// <summary>Takes ownership of <paramref name="link"/>, made by one of the <c>BpfLink.AttachIterator</c>.</summary>
    public BpfIterator(BpfLink link)
    {
        ArgumentNullException.ThrowIfNull(link);
        _link = link;
    }

    // More objects than any machine has: a list of the kernel's that leads back into itself must not hold a thread for ever.
    private const int MaxMillions = 256;

    /// <summary>
    /// One pass for the program's side effects; what it writes to its sequence file is read and dropped. Allocates nothing.
    /// Objects that come and go meanwhile may be missed or not; each one that stays is visited. Linux 5.8.
    /// </summary>
    /// <exception cref="BpfException">The pass could not be made or was cut short.</exception>
    public unsafe void Run()
    {
        int fd;
        using (BpfHandle.Lease lease = _link.Handle.Borrow())
        {
            var attr = new bpf_attr_iter_create { link_fd = (uint)lease.Fd };
            fd = BpfSyscall.Call(bpf_cmd.BPF_ITER_CREATE, ref attr);
        }

        if (fd < 0)
        {
            ThrowRefused("start", -fd);
        }

        // A bare descriptor, not a BpfHandle: a pass is part of every poll, and a poll allocates nothing.
        try
        {
            byte* buffer = stackalloc byte[256];
            int millions = 0;
            while (true)
            {
                nint length = Libc.Read(fd, buffer, 256);
                if (length == 0)
                {
                    return;
                }

                if (length < 0)
                {
                    // EAGAIN: a million objects without output (bpf_seq_read, MAX_ITER_OBJECTS); there is more to come.
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno is not (Errno.EAGAIN or Errno.EINTR) || ++millions > MaxMillions)
                    {
                        ThrowRefused("run", errno);
                    }
                }
            }
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _link.Dispose();

    private void ThrowRefused(string operation, int errno) => throw new BpfException($"{operation} {_link.Description}", errno);
}
