using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Receives a record. The bytes are the kernel's own and valid only until it returns.</summary>
/// <typeparam name="TState">What the caller hands through.</typeparam>
/// <param name="record">The record, without header and padding.</param>
/// <param name="state">The caller's.</param>
public delegate void BpfRecordHandler<TState>(ReadOnlySpan<byte> record, ref TState state);

/// <summary>Reads a ring buffer (<see cref="BpfMapType.RingBuffer"/>, Linux 5.8): records of all processors in the order they were made.</summary>
/// <remarks>
/// One reader for each map, and one thread at a time: where reading stands is in the map. Layout: kernel/bpf/ringbuf.c,
/// Documentation/bpf/ringbuf.rst.
/// </remarks>
public sealed unsafe class BpfRingBuffer : IDisposable
{
    private const uint Busy = 1u << 31;        // include/uapi/linux/bpf.h, BPF_RINGBUF_BUSY_BIT
    private const uint Discarded = 1u << 30;   // BPF_RINGBUF_DISCARD_BIT
    private const int HeaderSize = 8;

    private readonly BpfHandle _handle;
    private readonly string _name;
    private readonly uint _mask;

    // One page, which only we write: how far we have read.
    private readonly BpfMemory _consumer;

    // One page, which only the kernel writes: how far it has written; then the data twice, so that no record is in two pieces.
    private readonly BpfMemory _producer;

    /// <summary>Maps the buffer. The map may be disposed afterwards.</summary>
    /// <exception cref="ArgumentException">The map is no ring buffer.</exception>
    /// <exception cref="BpfException">Refused.</exception>
    public BpfRingBuffer(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (map.Shape.Type != BpfMapType.RingBuffer)
        {
            throw new ArgumentException($"map {map.Name} is no ring buffer but {map.Shape.Type}", nameof(map));
        }

        int page = Environment.SystemPageSize;
        _name = map.Name;
        _mask = map.Shape.MaxEntries - 1;
        _handle = map.Handle.Duplicate();
        try
        {
            string operation = $"map memory of ring buffer {_name}";
            _consumer = BpfMemory.Map(_handle, page, 0, isWritable: true, operation);
            _producer = BpfMemory.Map(_handle, checked(page + (2 * (int)map.Shape.MaxEntries)), page, isWritable: false, operation);
        }
        catch
        {
            _consumer?.Dispose();
            _handle.Dispose();
            throw;
        }
    }

    /// <summary>Waits until there may be something to read. Allocates nothing.</summary>
    /// <param name="timeout">Zero only looks; negative waits for ever. Whole milliseconds.</param>
    /// <returns>False if the time is over, or a signal came.</returns>
    /// <exception cref="BpfException">It cannot be waited for.</exception>
    public bool Wait(TimeSpan timeout)
    {
        using BpfHandle.Lease lease = _handle.Borrow();
        var wanted = new PollDescriptor { fd = lease.Fd, events = PollDescriptor.POLLIN };
        return PollDescriptor.Wait(new Span<PollDescriptor>(ref wanted), timeout, _name);
    }

    /// <summary>Hands over the records there are, in order, and frees their room. Allocates nothing.</summary>
    /// <param name="handler">Called for each; what it throws ends the reading behind that record.</param>
    /// <param name="state">Handed through.</param>
    /// <param name="maxRecords">Most to hand over; the others stay.</param>
    /// <returns>Records handed over; what programs discarded does not count.</returns>
    /// <exception cref="BpfException"><c>EPROTO</c>: the buffer's contents make no sense.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public int Read<TState>(BpfRecordHandler<TState> handler, ref TState state, int maxRecords = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(handler);
        using BpfMemory.Lease consumer = _consumer.Borrow();
        using BpfMemory.Lease producer = _producer.Borrow();
        ref ulong consumed = ref *(ulong*)consumer.Address;
        ref readonly ulong produced = ref *(ulong*)producer.Address;
        byte* data = producer.Address + Environment.SystemPageSize;
        int count = 0;

        // Ours alone to write, so a plain read is enough.
        ulong at = consumed;
        while (count < maxRecords)
        {
            // Acquires what was written before it.
            ulong end = Volatile.Read(in produced);
            if (at == end)
            {
                return count;
            }

            // Within the first of the two copies of the data; headers are aligned to 8 bytes.
            byte* header = data + (at & _mask);
            uint word = Volatile.Read(ref *(uint*)header);
            if ((word & Busy) != 0)
            {
                return count;
            }

            uint length = word & ~(Busy | Discarded);
            ulong next = at + (((ulong)length + HeaderSize + 7) & ~7ul);
            if (next - at > _mask + 1ul || next - at > end - at)
            {
                throw new BpfException($"read ring buffer {_name}", Errno.EPROTO, advice: $"a record of {length} bytes cannot be in it");
            }

            try
            {
                if ((word & Discarded) == 0)
                {
                    count++;

                    // At most the size of the data behind a header in its first copy: still within the second.
                    handler(new ReadOnlySpan<byte>(header + HeaderSize, (int)length), ref state);
                }
            }
            finally
            {
                // Releases the record: from here on it may be overwritten. The kernel wakes us for the next one only if it sees this
                // before it looks, and so must we before we look again.
                at = next;
                Volatile.Write(ref consumed, at);
                Interlocked.MemoryBarrier();
            }
        }

        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _producer.Dispose();
        _consumer.Dispose();
        _handle.Dispose();
    }
}
