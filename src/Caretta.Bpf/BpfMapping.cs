using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>
/// The values of an array, mapped for reading while this lives: for what is looked at now and then, and should not count as the process's
/// memory in between. Nothing is allocated. From <see cref="BpfMap.MapBriefly"/>. Linux 5.5.
/// </summary>
/// <remarks>One thread. The span must not be used after <see cref="Dispose"/>. Programs may write meanwhile, see <see cref="BpfMemory"/>.</remarks>
public unsafe ref struct BpfMapping
{
    private const int ProtRead = 1;
    private const int MapShared = 1;

    private readonly nuint _mapped;
    private readonly int _length;
    private nint _address;

    internal BpfMapping(BpfMap map)
    {
        // array_map_mmap, kernel/bpf/arraymap.c: each value starts at a multiple of 8 bytes.
        long length = ((map.Shape.ValueSize + 7L) & ~7L) * map.Shape.MaxEntries;
        if (length is <= 0 or > int.MaxValue)
        {
            throw new BpfException($"map memory of map {map.Name}", Errno.EINVAL, advice: $"{length} bytes cannot be mapped at once");
        }

        nuint page = (nuint)Environment.SystemPageSize;
        _mapped = ((nuint)length + page - 1) & ~(page - 1);
        _length = (int)length;
        using BpfHandle.Lease lease = map.Handle.Borrow();
        _address = Libc.Mmap(0, _mapped, ProtRead, MapShared, lease.Fd, 0);
        if (_address == -1)
        {
            int error = Marshal.GetLastPInvokeError();
            _address = 0;
            throw new BpfException($"map memory of map {map.Name}", error);
        }
    }

    /// <summary>The bytes; empty after <see cref="Dispose"/>. Writing to them ends the process.</summary>
    public readonly Span<byte> Span => _address == 0 ? default : new Span<byte>((void*)_address, _length);      // exactly what was mapped

    /// <summary>Unmaps it.</summary>
    public void Dispose()
    {
        if (_address != 0)
        {
            _ = Libc.Munmap(_address, _mapped);
            _address = 0;
        }
    }
}
