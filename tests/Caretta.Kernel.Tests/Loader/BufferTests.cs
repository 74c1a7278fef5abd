using System.Buffers.Binary;

using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Records that real programs write, and those written for them.</summary>
public sealed class BufferTests
{
    private static readonly BpfRecordHandler<Expectation> Check = static (record, ref state) => state.Take(record);

    private static readonly BpfCpuRecordHandler<Expectation> CheckSample = static (_, record, ref state) => state.Take(record);

    [KernelFact]
    public void A_ring_buffer_hands_over_every_record_in_order_and_allocates_nothing()
    {
        using LoadedObject loaded = LoaderFixture.Load(WithoutPin("emit"));
        using var buffer = new BpfRingBuffer(loaded.Map("records"));
        var expected = default(Expectation);
        Assert.False(buffer.Wait(TimeSpan.Zero));
        Assert.Equal(0, buffer.Read(Check, ref expected));

        // The buffer holds some 30 of them: it wraps many times.
        for (int i = 0; i < 200; i++)
        {
            Emit(loaded, "emit", 1 + (i % 9));
            Assert.True(buffer.Wait(TimeSpan.FromSeconds(10)));
            long before = GC.GetAllocatedBytesForCurrentThread();
            int count = buffer.Read(Check, ref expected);
            long after = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(1 + (i % 9), count);
            if (i > 0)
            {
                Assert.Equal(0, after - before);
            }
        }

        Assert.Equal(0UL, loaded.Read<ulong>("failures"));
        Assert.Equal(loaded.Read<ulong>("next_number"), expected.Next);
    }

    [KernelFact]
    public void A_full_ring_buffer_refuses_records_until_some_are_read()
    {
        using LoadedObject loaded = LoaderFixture.Load(WithoutPin("emit"));
        using var buffer = new BpfRingBuffer(loaded.Map("records"));
        Emit(loaded, "emit", 100);
        ulong written = 100 - loaded.Read<ulong>("failures");

        // A short one may still fit where a longer one did not.
        var expected = new Expectation { IsUnordered = true };

        Assert.InRange(written, 1UL, 99UL);
        Assert.Equal(3, buffer.Read(Check, ref expected, maxRecords: 3));
        Assert.Equal((int)written - 3, buffer.Read(Check, ref expected));
        Assert.Equal(written, expected.Count);
    }

    [KernelFact]
    public void What_a_handler_throws_ends_the_reading_behind_that_record()
    {
        using LoadedObject loaded = LoaderFixture.Load(WithoutPin("emit"));
        using var buffer = new BpfRingBuffer(loaded.Map("records"));
        Emit(loaded, "emit", 3);
        var expected = default(Expectation);

        Assert.Throws<TimeZoneNotFoundException>(
            () => { int nothing = 0; buffer.Read(static (_, ref _) => throw new TimeZoneNotFoundException(), ref nothing); });

        expected.Next = 1;
        Assert.Equal(2, buffer.Read(Check, ref expected));
    }

    [KernelFact]
    public void A_disposed_ring_buffer_says_so_and_the_map_may_go_first()
    {
        LoadedObject loaded = LoaderFixture.Load(WithoutPin("emit"));
        var buffer = new BpfRingBuffer(loaded.Map("records"));
        Emit(loaded, "emit", 2);
        loaded.Dispose();
        var expected = default(Expectation);
        Assert.Equal(2, buffer.Read(Check, ref expected));

        buffer.Dispose();

        Assert.Throws<ObjectDisposedException>(() => buffer.Read(Check, ref expected));
        Assert.Throws<ObjectDisposedException>(() => buffer.Wait(TimeSpan.Zero));
    }

    [KernelFact]
    public async Task A_perf_buffer_hands_over_every_sample_and_counts_those_that_were_lost()
    {
        using LoadedObject loaded = LoaderFixture.Load(WithoutPin("emit_sample"));
        using var buffer = new BpfPerfBuffer(loaded.Map("samples"), pagesPerCpu: 1);
        var expected = default(Expectation);
        expected.IsUnordered = true;
        Assert.Equal(0, buffer.Read(CheckSample, ref expected));

        for (int i = 0; i < 200; i++)
        {
            Emit(loaded, "emit_sample", 1 + (i % 9));
            Assert.True(buffer.Wait(TimeSpan.FromSeconds(10)));
            long before = GC.GetAllocatedBytesForCurrentThread();
            buffer.Read(CheckSample, ref expected);
            long after = GC.GetAllocatedBytesForCurrentThread();
            if (i > 0)
            {
                Assert.Equal(0, after - before);
            }
        }

        Assert.Equal(loaded.Read<ulong>("next_number"), expected.Count);
        Assert.Equal((0UL, 0UL), (buffer.LostRecords, buffer.MalformedBuffers));

        // Far more than there is room for; the kernel tells with the next record on that processor for which there is.
        Emit(loaded, "emit_sample", 500);
        Assert.True(loaded.Read<ulong>("failures") > 0);
        bool isTold = await LoaderFixture.HoldsAsync(
            () =>
            {
                buffer.Read(CheckSample, ref expected);
                Emit(loaded, "emit_sample", 1);
                buffer.Read(CheckSample, ref expected);
                return buffer.LostRecords == loaded.Read<ulong>("failures");
            },
            TestContext.Current.CancellationToken);

        Assert.True(isTold, $"{buffer.LostRecords} of {loaded.Read<ulong>("failures")} lost records");
        Assert.Equal(loaded.Read<ulong>("next_number"), expected.Count + buffer.LostRecords);
        Assert.Equal(loaded.Read<ulong>("failures"), buffer.LostRecords);
        Assert.Equal(0UL, buffer.MalformedBuffers);
    }

    [KernelFact]
    public void Records_for_a_program_reach_it_until_there_is_no_room()
    {
        using LoadedObject loaded = LoaderFixture.Load(WithoutPin("drain"));
        using var buffer = new BpfUserRingBuffer(loaded.Map("orders"));
        byte[] order = new byte[40];
        ulong sum = 0;
        ulong count = 0;
        for (int round = 0; round < 50; round++)
        {
            for (ulong number = 1; ; number++)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(order, number);
                if (!buffer.TryWrite(order))
                {
                    break;
                }

                count++;
                sum += number;
            }

            Assert.Equal(0u, loaded.Run("drain"));
            Assert.Equal(count, loaded.Read<ulong>("drained"));
            Assert.Equal(sum, loaded.Read<ulong>("drained_bytes"));
        }

        Assert.Throws<ArgumentException>(() => buffer.TryWrite(new byte[4096]));
    }

    [KernelFact]
    public void Maps_of_other_types_are_refused()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(1);

        Assert.Throws<ArgumentException>(() => new BpfRingBuffer(map));
        Assert.Throws<ArgumentException>(() => new BpfUserRingBuffer(map));
        Assert.Throws<ArgumentException>(() => new BpfPerfBuffer(map));
    }

    [KernelFact]
    public void Buffers_close_what_they_open()
    {
        using LoadedObject loaded = LoaderFixture.Load(WithoutPin("emit"));
        int descriptors = OpenDescriptors.Count();
        for (int i = 0; i < 20; i++)
        {
            new BpfRingBuffer(loaded.Map("records")).Dispose();
            new BpfUserRingBuffer(loaded.Map("orders")).Dispose();
            new BpfPerfBuffer(loaded.Map("samples"), 1).Dispose();
            Assert.Equal(descriptors, OpenDescriptors.Count());
        }
    }

    private static BpfObject WithoutPin(string program)
    {
        BpfObject file = LoaderFixture.Parse("buffers.bpf.o", program);
        file.Map("shared_counts").PinByName = false;
        return file;
    }

    private static void Emit(LoadedObject loaded, string program, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(0u, loaded.Run(program));
        }
    }

    private struct Expectation
    {
        public ulong Next;
        public ulong Count;
        public bool IsUnordered;

        public void Take(ReadOnlySpan<byte> record)
        {
            ulong number = BinaryPrimitives.ReadUInt64LittleEndian(record);
            int size = 8 + (int)(number * 7 & 127);

            // Samples are padded to a multiple of 8 with the size before them.
            bool isRight = (IsUnordered || number == Next) && record.Length >= size && record.Length < size + 8
                && !record[8..size].ContainsAnyExcept((byte)number);
            if (!isRight)
            {
                throw new InvalidOperationException($"record {number} of {record.Length} bytes after {Count}, expected {Next}");
            }

            Next = number + 1;
            Count++;
        }
    }
}
