using System.Globalization;
using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Receives a record of a processor. The bytes are valid only until it returns.</summary>
/// <typeparam name="TState">What the caller hands through.</typeparam>
/// <param name="cpu">The processor that the program ran on.</param>
/// <param name="record">What it wrote; up to 7 bytes of padding may follow.</param>
/// <param name="state">The caller's.</param>
public delegate void BpfCpuRecordHandler<TState>(int cpu, ReadOnlySpan<byte> record, ref TState state);

/// <summary>
/// Reads what programs write with <c>bpf_perf_event_output</c> to a <see cref="BpfMapType.PerfEventArray"/>: a buffer for each processor
/// that runs when it is made. Linux 4.4; on 5.8 and later a ring buffer is the better choice.
/// </summary>
/// <remarks>One thread at a time. Layout: include/uapi/linux/perf_event.h, struct perf_event_mmap_page.</remarks>
public sealed unsafe class BpfPerfBuffer : IDisposable
{
    private const uint TypeSoftware = 1;
    private const ulong BpfOutput = 10;          // PERF_COUNT_SW_BPF_OUTPUT
    private const ulong SampleRaw = 1 << 10;     // PERF_SAMPLE_RAW
    private const nuint Enable = 0x2400;         // PERF_EVENT_IOC_ENABLE
    private const int HeadOffset = 1024;         // struct perf_event_mmap_page: data_head, data_tail
    private const int TailOffset = 1032;
    private const int HeaderSize = 8;            // struct perf_event_header: type, misc, size
    private const uint RecordLost = 2;
    private const uint RecordSample = 9;

    private readonly List<Ring> _rings = [];
    private readonly string _name;
    private readonly uint _size;
    private readonly PollDescriptor[] _wanted;

    // For records in two pieces: sizes have 16 bits.
    private readonly byte[] _joined = new byte[ushort.MaxValue + 1];

    /// <summary>Makes the buffers and puts them into the map. The map may be disposed only after this.</summary>
    /// <param name="map">The map.</param>
    /// <param name="pagesPerCpu">Room for each processor, a power of two of pages.</param>
    /// <exception cref="ArgumentException">The map is of another type, or the number no power of two.</exception>
    /// <exception cref="BpfException">Refused; EPERM also for lack of locked memory (sysctl kernel.perf_event_mlock_kb).</exception>
    public BpfPerfBuffer(BpfMap map, int pagesPerCpu = 16)
    {
        ArgumentNullException.ThrowIfNull(map);
        if (map.Shape.Type != BpfMapType.PerfEventArray)
        {
            throw new ArgumentException($"map {map.Name} is no perf event array but {map.Shape.Type}", nameof(map));
        }

        if (!int.IsPow2(pagesPerCpu))
        {
            throw new ArgumentException($"{pagesPerCpu} is no power of two", nameof(pagesPerCpu));
        }

        _name = map.Name;
        _size = checked((uint)(pagesPerCpu * Environment.SystemPageSize));
        try
        {
            for (int cpu = 0; cpu < Math.Min(PossibleCpus.End, map.Shape.MaxEntries); cpu++)
            {
                Add(map, cpu);
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        _wanted = new PollDescriptor[_rings.Count];
    }

    /// <summary>Records that programs could not write for lack of room, as far as the kernel has said so by now.</summary>
    public ulong LostRecords { get; private set; }

    /// <summary>How often a buffer's contents made no sense, so that all that was in it had to be skipped. Never on a healthy kernel.</summary>
    public ulong MalformedBuffers { get; private set; }

    /// <summary>Waits until there may be something to read. Allocates nothing.</summary>
    /// <param name="timeout">Zero only looks; negative waits for ever. Whole milliseconds.</param>
    /// <returns>False if the time is over, or a signal came.</returns>
    /// <exception cref="BpfException">It cannot be waited for.</exception>
    public bool Wait(TimeSpan timeout)
    {
        for (int i = 0; i < _wanted.Length; i++)
        {
            ObjectDisposedException.ThrowIf(_rings[i].Event.IsClosed, this);
            _wanted[i] = new PollDescriptor { fd = (int)_rings[i].Event.DangerousGetHandle(), events = PollDescriptor.POLLIN };
        }

        return PollDescriptor.Wait(_wanted, timeout, _name);
    }

    /// <summary>Hands over the records there are, processor by processor, and frees their room. Allocates nothing.</summary>
    /// <param name="handler">Called for each; what it throws ends the reading behind that record.</param>
    /// <param name="state">Handed through.</param>
    /// <returns>Records handed over.</returns>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public int Read<TState>(BpfCpuRecordHandler<TState> handler, ref TState state)
    {
        ArgumentNullException.ThrowIfNull(handler);
        int count = 0;
        for (int i = 0; i < _rings.Count; i++)
        {
            count += Read(_rings[i], handler, ref state);
        }

        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Ring ring in _rings)
        {
            ring.Memory.Dispose();
            ring.Event.Dispose();
        }
    }

    private void Add(BpfMap map, int cpu)
    {
        var attr = new perf_event_attr
        {
            type = TypeSoftware,
            size = (uint)sizeof(perf_event_attr),
            config = BpfOutput,
            sample_type = SampleRaw,
            sample_period = 1,
            wakeup_events = 1,
        };

        // attr lives on this stack frame until the call returns.
        int result = KernelCalls.Current.PerfEventOpen(&attr, -1, cpu);
        if (result == -Errno.ENODEV)
        {
            // It may be there one day; today it does not run.
            return;
        }

        string operation = string.Create(CultureInfo.InvariantCulture, $"open the buffer of processor {cpu} for map {_name}");
        if (result < 0)
        {
            throw new BpfException(operation, -result, advice: Advice.For(-result));
        }

        var handle = new BpfHandle(result);
        BpfMemory? memory = null;
        try
        {
            memory = BpfMemory.Map(handle, Environment.SystemPageSize + (int)_size, 0, isWritable: true, operation);
            using BpfHandle.Lease lease = handle.Borrow();
            Span<int> key = [cpu];
            Span<int> value = [lease.Fd];
            map.Update(MemoryMarshal.AsBytes(key), MemoryMarshal.AsBytes(value));
            result = KernelCalls.Current.Ioctl(lease.Fd, Enable, 0);
            if (result < 0)
            {
                throw new BpfException(operation, -result);
            }

            _rings.Add(new Ring(cpu, handle, memory));
        }
        catch
        {
            memory?.Dispose();
            handle.Dispose();
            throw;
        }
    }

    private int Read<TState>(Ring ring, BpfCpuRecordHandler<TState> handler, ref TState state)
    {
        using BpfMemory.Lease memory = ring.Memory.Borrow();
        ref ulong tail = ref *(ulong*)(memory.Address + TailOffset);
        byte* data = memory.Address + Environment.SystemPageSize;
        int count = 0;

        // The tail is ours alone to write; the head is the kernel's, and acquires what was written before it.
        ulong at = tail;
        ulong head = Volatile.Read(ref *(ulong*)(memory.Address + HeadOffset));
        while (at != head)
        {
            // Records are aligned to 8 bytes, so that a header is never in two pieces.
            ulong* header = (ulong*)(data + (at & (_size - 1)));
            uint type = (uint)*header;
            uint length = (uint)(*header >> 48);
            if (length < HeaderSize || (length & 7) != 0 || length > head - at || head - at > _size)
            {
                MalformedBuffers++;
                at = head;
                Volatile.Write(ref tail, at);
                return count;
            }

            try
            {
                ReadOnlySpan<byte> record = Join(data, at, (int)length)[HeaderSize..];
                if (type == RecordSample && record.Length >= sizeof(uint))
                {
                    uint size = Math.Min(MemoryMarshal.Read<uint>(record), (uint)(record.Length - sizeof(uint)));
                    count++;
                    handler(ring.Cpu, record.Slice(sizeof(uint), (int)size), ref state);
                }
                else if (type == RecordLost && record.Length >= 2 * sizeof(ulong))
                {
                    LostRecords += MemoryMarshal.Read<ulong>(record[sizeof(ulong)..]);
                }
            }
            finally
            {
                // Releases the record: from here on it may be overwritten.
                at += length;
                Volatile.Write(ref tail, at);
            }
        }

        return count;
    }

    private ReadOnlySpan<byte> Join(byte* data, ulong at, int length)
    {
        // Both pieces are within the data, whose size is a power of two and at least the record's.
        int start = (int)(at & (_size - 1));
        int first = Math.Min(length, (int)_size - start);
        if (first == length)
        {
            return new ReadOnlySpan<byte>(data + start, length);
        }

        new ReadOnlySpan<byte>(data + start, first).CopyTo(_joined);
        new ReadOnlySpan<byte>(data, length - first).CopyTo(_joined.AsSpan(first));
        return _joined.AsSpan(0, length);
    }

    private readonly record struct Ring(int Cpu, BpfHandle Event, BpfMemory Memory);
}
