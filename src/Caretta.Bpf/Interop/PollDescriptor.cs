using System.Runtime.InteropServices;

namespace Caretta.Bpf.Interop;

/// <summary><c>struct pollfd</c> of include/uapi/asm-generic/poll.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    public const short POLLIN = 1;

    public int fd;
    public short events;
    public short revents;

    /// <summary>poll(2).</summary>
    /// <returns>False if the time is over, or a signal came.</returns>
    /// <exception cref="BpfException">Refused.</exception>
    public static unsafe bool Wait(Span<PollDescriptor> wanted, TimeSpan timeout, string name)
    {
        int timeoutMs = timeout < TimeSpan.Zero ? -1 : (int)Math.Min(Math.Ceiling(timeout.TotalMilliseconds), int.MaxValue);

        // The kernel writes to as many as there are.
        fixed (PollDescriptor* pointer = wanted)
        {
            int result = Libc.Poll(pointer, (nuint)wanted.Length, timeoutMs);
            if (result >= 0)
            {
                return result > 0;
            }

            int errno = Marshal.GetLastPInvokeError();
            return errno == Errno.EINTR ? false : throw new BpfException($"wait for {name}", errno);
        }
    }
}
