using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>One request of rtnetlink at a time (<c>include/uapi/linux/netlink.h</c>, <c>rtnetlink.h</c>), built and sent.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed unsafe class Netlink : IDisposable
{
    /// <summary>NLM_F_REQUEST | NLM_F_ACK.</summary>
    public const ushort Request = 0x5;

    /// <summary>NLM_F_ECHO.</summary>
    public const ushort Echo = 0x8;

    /// <summary>NLM_F_CREATE.</summary>
    public const ushort Create = 0x400;

    /// <summary>NLM_F_EXCL.</summary>
    public const ushort Exclusive = 0x200;

    private const int HeaderSize = 16;
    private const ushort NestedFlag = 0x8000;
    private const ushort TypeError = 2;
    private const int AddressFamily = 16;    // AF_NETLINK; its protocol 0 is NETLINK_ROUTE
    private const int Raw = 3 | 0x80000;     // SOCK_RAW | SOCK_CLOEXEC

    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly BpfHandle _socket;
    private int _length;

    private Netlink(BpfHandle socket) => _socket = socket;

    /// <summary>Opens a socket of this thread's network namespace.</summary>
    /// <exception cref="BpfException">Refused.</exception>
    public static Netlink Open()
    {
        int fd = Libc.Socket(AddressFamily, Raw, 0);
        return fd >= 0 ? new Netlink(new BpfHandle(fd)) : throw new BpfException("open a netlink socket", Marshal.GetLastPInvokeError());
    }

    /// <summary>Starts a request with its fixed part, whose size is a multiple of 4.</summary>
    public void Begin(ushort type, ushort flags, ReadOnlySpan<byte> fixedPart)
    {
        _buffer.AsSpan(0, HeaderSize).Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(6), flags);
        fixedPart.CopyTo(_buffer.AsSpan(HeaderSize));
        _length = HeaderSize + fixedPart.Length;
    }

    /// <summary>Adds an attribute.</summary>
    public void Add(ushort type, ReadOnlySpan<byte> value)
    {
        Span<byte> rest = _buffer.AsSpan(_length);
        BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(rest[2..], type);
        int padded = (4 + value.Length + 3) & ~3;
        rest[4..padded].Clear();
        value.CopyTo(rest[4..]);
        _length += padded;
    }

    /// <summary>Adds an attribute of four bytes.</summary>
    public void Add(ushort type, uint value) => Add(type, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in value)));

    /// <summary>Opens a nest of attributes.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    public int Nest(ushort type)
    {
        int start = _length;
        Add((ushort)(type | NestedFlag), []);
        return start;
    }

    /// <summary>Closes a nest.</summary>
    public void End(int nest) => BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(nest), (ushort)(_length - nest));

    /// <summary>Sends the request and waits for the kernel's word.</summary>
    /// <param name="echo">Receives the fixed part of what the kernel made of the request, if it was asked for.</param>
    /// <returns>0 or <c>-errno</c>.</returns>
    public int Send(Span<byte> echo = default)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer, _length);
        using BpfHandle.Lease lease = _socket.Borrow();

        // The kernel reads _length bytes and writes no more than the buffer has; one request is out at a time, so all answers are ours.
        fixed (byte* pointer = _buffer)
        {
            if (Libc.Send(lease.Fd, pointer, (nuint)_length, 0) < 0)
            {
                return -Marshal.GetLastPInvokeError();
            }

            while (true)
            {
                nint received = Libc.Receive(lease.Fd, pointer, (nuint)_buffer.Length, 0);
                if (received < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno == Errno.EINTR)
                    {
                        continue;
                    }

                    return -errno;
                }

                if (FindAnswer(_buffer.AsSpan(0, (int)received), echo, out int result))
                {
                    return result;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static bool FindAnswer(ReadOnlySpan<byte> messages, Span<byte> echo, out int result)
    {
        result = 0;
        while (messages.Length >= HeaderSize + 4)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(messages);
            if (length < HeaderSize + 4 || length > messages.Length)
            {
                break;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(messages[4..]) == TypeError)
            {
                result = BinaryPrimitives.ReadInt32LittleEndian(messages[HeaderSize..]);
                return true;
            }

            messages[HeaderSize..Math.Min(length, HeaderSize + echo.Length)].CopyTo(echo);
            messages = messages[Math.Min((length + 3) & ~3, messages.Length)..];
        }

        return false;
    }
}
