namespace Caretta.Bpf;

/// <summary>
/// Writes to a ring buffer that a program drains (<see cref="BpfMapType.UserRingBuffer"/>, Linux 6.1; <c>bpf_user_ringbuf_drain</c>).
/// </summary>
/// <remarks>One writer for each map, and one thread at a time.</remarks>
public sealed unsafe class BpfUserRingBuffer : IDisposable
{
    private const int HeaderSize = 8;

    private readonly uint _size;

    // One page, which only the kernel writes: how far it has read.
    private readonly BpfMemory _consumer;

    // One page, which only we write: how far we have written; then the data twice.
    private readonly BpfMemory _producer;

    /// <summary>Maps the buffer. The map may be disposed afterwards.</summary>
    /// <exception cref="ArgumentException">The map is no ring buffer for users.</exception>
    /// <exception cref="BpfException">Refused.</exception>
    public BpfUserRingBuffer(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (map.Shape.Type != BpfMapType.UserRingBuffer)
        {
            throw new ArgumentException($"map {map.Name} is no ring buffer for users but {map.Shape.Type}", nameof(map));
        }

        int page = Environment.SystemPageSize;
        string operation = $"map memory of ring buffer {map.Name}";
        _size = map.Shape.MaxEntries;
        _consumer = BpfMemory.Map(map.Handle, page, 0, isWritable: false, operation);
        try
        {
            _producer = BpfMemory.Map(map.Handle, checked(page + (2 * (int)_size)), page, isWritable: true, operation);
        }
        catch
        {
            _consumer.Dispose();
            throw;
        }
    }

    /// <summary>Adds a record. Allocates nothing.</summary>
    /// <returns>False if there is no room until the program drains some.</returns>
    /// <exception cref="ArgumentException">The record will never fit.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public bool TryWrite(ReadOnlySpan<byte> record)
    {
        if (record.Length > _size - HeaderSize)
        {
            throw new ArgumentException($"a record of {record.Length} bytes does not fit a buffer of {_size}", nameof(record));
        }

        using BpfMemory.Lease consumer = _consumer.Borrow();
        using BpfMemory.Lease producer = _producer.Borrow();
        ref ulong produced = ref *(ulong*)producer.Address;
        ulong at = produced;
        ulong total = ((ulong)record.Length + HeaderSize + 7) & ~7ul;
        if (total > _size - (at - Volatile.Read(ref *(ulong*)consumer.Address)))
        {
            return false;
        }

        // total is at most the size: from anywhere in the first copy of the data it ends within the second.
        byte* header = producer.Address + Environment.SystemPageSize + (at & (_size - 1));
        *(ulong*)header = (uint)record.Length;
        record.CopyTo(new Span<byte>(header + HeaderSize, record.Length));

        // Releases what was written before it.
        Volatile.Write(ref produced, at + total);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _producer.Dispose();
        _consumer.Dispose();
    }
}
