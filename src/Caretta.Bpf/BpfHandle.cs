using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>A file descriptor of a BPF object. Closing the last one of a link detaches it; of a program or map, frees it.</summary>
/// <remarks>Safe to dispose from any thread at any time: calls under way keep it open through a lease.</remarks>
public sealed class BpfHandle : SafeHandle
{
    private const int StandardStreams = 3;
    private const int DuplicateAbove = 1030;    // include/uapi/linux/fcntl.h, F_DUPFD_CLOEXEC

    /// <summary>Takes ownership of <paramref name="fd"/>.</summary>
    /// <exception cref="BpfException">It had to be moved, and the process has no descriptors left.</exception>
    internal BpfHandle(int fd)
        : base(-1, ownsHandle: true) => SetHandle(fd is >= 0 and < StandardStreams ? MoveAside(fd) : fd);

    /// <inheritdoc/>
    public override bool IsInvalid => (int)handle < 0;

    /// <summary>Keeps the descriptor open until the lease is disposed, while its number sits inside a <c>bpf_attr</c>.</summary>
    /// <exception cref="ObjectDisposedException">It is already closed: the kernel never sees a recycled number.</exception>
    internal Lease Borrow() => new(this);

    /// <summary>A lease of nothing has descriptor 0, which means "none" wherever bpf(2) takes an optional one.</summary>
    internal static Lease Borrow(BpfHandle? handle) => handle is null ? default : handle.Borrow();

    /// <summary>A second descriptor of the same object, with a life of its own.</summary>
    /// <exception cref="BpfException">The process has no descriptors left.</exception>
    internal BpfHandle Duplicate()
    {
        using Lease lease = Borrow();
        nint copy = Libc.Syscall(SystemCall.Fcntl, lease.Fd, DuplicateAbove, StandardStreams, 0, 0);
        return copy >= 0 ? new BpfHandle((int)copy) : throw new BpfException("duplicate a descriptor", Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;

    /// <summary>
    /// A process that was started without standard input gets its descriptor here, 0, which bpf(2) takes for "none"; and what a library
    /// prints must not end up in a map.
    /// </summary>
    private static int MoveAside(int fd)
    {
        nint moved = Libc.Syscall(SystemCall.Fcntl, fd, DuplicateAbove, StandardStreams, 0, 0);
        int errno = Marshal.GetLastPInvokeError();
        _ = Libc.Close(fd);
        return moved >= 0 ? (int)moved : throw new BpfException($"move descriptor {fd}", errno);
    }

    internal readonly ref struct Lease
    {
        private readonly BpfHandle? _owner;

        public Lease(BpfHandle owner)
        {
            bool added = false;
            owner.DangerousAddRef(ref added);
            _owner = owner;
        }

        public int Fd => _owner is null ? 0 : (int)_owner.handle;

        public void Dispose() => _owner?.DangerousRelease();
    }
}
