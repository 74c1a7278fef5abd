using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Memory that is shared with the kernel. It stays mapped until it is disposed, also when the map's own object is.</summary>
/// <remarks>
/// Programs write to it at any time: read and write words that they share with <see cref="Volatile"/> or <see cref="Interlocked"/>. Spans
/// of it must not be used after <see cref="SafeHandle.Dispose()"/>, which is why it must not run beside code that uses them.
/// </remarks>
public sealed unsafe class BpfMemory : SafeHandle
{
    private const int ProtRead = 1;
    private const int ProtWrite = 2;
    private const int MapShared = 1;
    private const int MapFixedNoReplace = 0x100000;     // Linux 4.17; include/uapi/asm-generic/mman-common.h

    private readonly nuint _mapped;

    private BpfMemory(nint address, nuint mapped, long length)
        : base(0, ownsHandle: true)
    {
        SetHandle(address);
        _mapped = mapped;
        LongLength = length;
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Bytes of <see cref="Span"/>: all, but at most <see cref="int.MaxValue"/> of a larger arena.</summary>
    public int Length => (int)Math.Min(LongLength, int.MaxValue);

    /// <summary>Bytes that may be used; of an arena up to 4 GiB.</summary>
    public long LongLength { get; }

    /// <summary>The bytes. Writing to them where they are only mapped for reading ends the process.</summary>
    /// <exception cref="ObjectDisposedException">They are unmapped.</exception>
    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);

            // Exactly what was mapped.
            return new Span<byte>((void*)handle, Length);
        }
    }

    /// <summary>Where it starts, as a user's pointer: what programs of an arena store in it counts from here.</summary>
    /// <exception cref="ObjectDisposedException">It is unmapped.</exception>
    public ulong Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (ulong)handle;
        }
    }

    /// <summary>Some of the bytes, also beyond what one span can hold.</summary>
    /// <param name="offset">Bytes from the start.</param>
    /// <param name="length">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside.</exception>
    /// <exception cref="ObjectDisposedException">They are unmapped.</exception>
    public Span<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)offset, (ulong)LongLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)(uint)length, (ulong)(LongLength - offset));

        // Compared with what was mapped.
        return new Span<byte>((byte*)handle + offset, length);
    }

    /// <summary>Keeps it mapped until the lease is disposed.</summary>
    /// <exception cref="ObjectDisposedException">It is unmapped.</exception>
    internal Lease Borrow() => new(this);

    /// <summary>Maps all values of an array: each starts at a multiple of 8 bytes (<c>array_map_mmap</c>, kernel/bpf/arraymap.c).</summary>
    /// <exception cref="BpfException">Refused.</exception>
    internal static BpfMemory OfArray(BpfMap map, bool isWritable)
    {
        long length = ((map.Shape.ValueSize + 7L) & ~7L) * map.Shape.MaxEntries;
        return length is > 0 and <= int.MaxValue
            ? Map(map.Handle, (int)length, 0, isWritable, $"map memory of map {map.Name}")
            : throw new BpfException($"map memory of map {map.Name}", Errno.EINVAL, advice: $"{length} bytes cannot be mapped at once");
    }

    /// <summary>mmap(2) of whole pages.</summary>
    /// <param name="handle">What to map.</param>
    /// <param name="length">Bytes, rounded up to pages.</param>
    /// <param name="offset">Where it starts, a multiple of the page size.</param>
    /// <param name="isWritable">Whether it can be written as well.</param>
    /// <param name="operation">For messages.</param>
    /// <exception cref="BpfException">Refused.</exception>
    internal static BpfMemory Map(BpfHandle handle, int length, nint offset, bool isWritable, string operation)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint mapped = ((nuint)length + page - 1) & ~(page - 1);
        using BpfHandle.Lease lease = handle.Borrow();
        nint address = Libc.Mmap(0, mapped, isWritable ? ProtRead | ProtWrite : ProtRead, MapShared, lease.Fd, offset);
        return address != -1 ? new BpfMemory(address, mapped, length) : throw new BpfException(operation, Marshal.GetLastPInvokeError());
    }

    /// <summary>
    /// Maps an arena, all of it, as <c>arena_map_mmap</c> (kernel/bpf/arena.c) wants it: programs are verified for the address of the first
    /// mapping. Linux 6.9.
    /// </summary>
    /// <param name="map">The arena.</param>
    /// <param name="wanted">Where, as its creator said, or 0 for wherever the kernel likes.</param>
    /// <exception cref="BpfException">Refused: EEXIST if something else is there, EBUSY if it is mapped elsewhere already.</exception>
    internal static BpfMemory OfArena(BpfMap map, ulong wanted)
    {
        long length = map.Shape.MaxEntries * (long)Environment.SystemPageSize;
        int flags = wanted == 0 ? MapShared : MapShared | MapFixedNoReplace;
        using BpfHandle.Lease lease = map.Handle.Borrow();
        nint address = Libc.Mmap((nint)wanted, (nuint)length, ProtRead | ProtWrite, flags, lease.Fd, 0);
        return address != -1 ? new BpfMemory(address, (nuint)length, length) : throw new BpfException(
            $"map memory of arena {map.Name} ({length} bytes at 0x{wanted:x})", Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Munmap(handle, _mapped) == 0;

    internal readonly ref struct Lease
    {
        private readonly BpfMemory _owner;

        public Lease(BpfMemory owner)
        {
            bool added = false;
            owner.DangerousAddRef(ref added);
            _owner = owner;
        }

        /// <summary>Where the bytes start, page-aligned.</summary>
        public byte* Address => (byte*)_owner.handle;

        public void Dispose() => _owner.DangerousRelease();
    }
}
