using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>
/// Walks in batches. Every map has a hash seed of its own, and what a walk meets depends on it: one green map proves nothing, so each
/// test goes through hundreds of fresh ones.
/// </summary>
public sealed class MapBatchTests
{
    private const int BatchSize = 128;
    private const uint NoPreallocation = 1;

    [KernelFact]
    public void Every_entry_is_read_once_however_the_buckets_fall()
    {
        uint[] keys = new uint[BatchSize];
        ulong[] values = new ulong[BatchSize];
        int shortBatches = 0;
        for (uint size = 0; size < 598; size++)
        {
            using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(600, size % 2 == 0 ? 0 : NoPreallocation);
            ulong expected = Fill(map, size);
            for (int pass = 0; pass < 2; pass++)
            {
                (uint count, ulong sum, int early) = Walk(map, take: false, keys, values);
                Assert.True(count == size && sum == expected, $"{size} entries summing to {expected}, read {count} and {sum}");
                shortBatches += early;
            }
        }

        // Or this test does not show what it is here for: that a short batch is not the end.
        Assert.True(shortBatches > 0);
    }

    [KernelFact]
    public void Every_entry_is_taken_once_and_then_gone()
    {
        uint[] keys = new uint[BatchSize];
        ulong[] values = new ulong[BatchSize];
        for (uint size = 0; size < 598; size++)
        {
            using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(600, NoPreallocation);
            ulong expected = Fill(map, size);

            (uint count, ulong sum, _) = Walk(map, take: true, keys, values);

            Assert.True(count == size && sum == expected, $"{size} entries summing to {expected}, took {count} and {sum}");
            Assert.Equal((0u, 0UL, 0), Walk(map, take: false, keys, values));
        }
    }

    [KernelFact]
    public void Walks_allocate_nothing()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(600);
        Fill(map, 500);
        uint[] keys = new uint[BatchSize];
        ulong[] values = new ulong[BatchSize];
        Walk(map, take: false, keys, values);

        long before = GC.GetAllocatedBytesForCurrentThread();
        (uint read, _, _) = Walk(map, take: false, keys, values);
        (uint taken, _, _) = Walk(map, take: true, keys, values);
        long after = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(0, after - before);
        Assert.Equal((500u, 500u), (read, taken));
    }

    [KernelFact]
    public void A_bucket_that_does_not_fit_is_refused_and_waits_for_larger_spans()
    {
        int refusals = 0;
        for (int i = 0; i < 200; i++)
        {
            using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(64);
            ulong expected = Fill(map, 64);
            uint count = 0;
            ulong sum = 0;
            int room = 1;
            MapCursor cursor = default;
            while (!cursor.Ended)
            {
                uint[] keys = new uint[room];
                ulong[] values = new ulong[room];
                int taken;
                try
                {
                    taken = map.TakeBatch(ref cursor, keys, values);
                }
                catch (BpfException exception) when (exception.ErrorName == "ENOSPC")
                {
                    refusals++;
                    room++;
                    continue;
                }

                count += (uint)taken;
                for (int j = 0; j < taken; j++)
                {
                    sum += values[j];
                }
            }

            Assert.True(count == 64 && sum == expected, $"64 entries summing to {expected}, took {count} and {sum}");
        }

        Assert.True(refusals > 0);
    }

    [KernelFact]
    public void Arrays_are_read_in_batches_too()
    {
        using BpfMap<uint, ulong> map =
            BpfMap.Create(new BpfMapShape("array", BpfMapType.Array, sizeof(uint), sizeof(ulong), 300, 0)).As<uint, ulong>();
        ulong expected = Fill(map, 300);

        (uint count, ulong sum, _) = Walk(map, take: false, new uint[BatchSize], new ulong[BatchSize]);

        Assert.Equal((300u, expected), (count, sum));
        MapCursor cursor = default;
        Assert.Equal("EINVAL", Assert.Throws<BpfException>(() => map.TakeBatch(ref cursor, new uint[1], new ulong[1])).ErrorName);
    }

    [KernelFact]
    public void A_walk_without_room_is_refused_rather_than_endless()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(4);
        MapCursor cursor = default;

        Assert.Throws<ArgumentException>(() => map.ReadBatch(ref cursor, [], new ulong[1]));
        Assert.Throws<ArgumentException>(() => map.TakeBatch(ref cursor, new uint[1], []));
    }

    private static ulong Fill(BpfMap<uint, ulong> map, uint count)
    {
        ulong sum = 0;
        for (uint i = 0; i < count; i++)
        {
            ulong value = 1000003UL * (i + 1);
            map.Update(i, value);
            sum += value;
        }

        return sum;
    }

    private static (uint Count, ulong Sum, int ShortBatches) Walk(BpfMap<uint, ulong> map, bool take, uint[] keys, ulong[] values)
    {
        uint count = 0;
        ulong sum = 0;
        int shortBatches = 0;
        MapCursor cursor = default;
        while (!cursor.Ended)
        {
            int copied = take ? map.TakeBatch(ref cursor, keys, values) : map.ReadBatch(ref cursor, keys, values);
            if (copied < keys.Length && !cursor.Ended)
            {
                shortBatches++;
            }

            count += (uint)copied;
            for (int i = 0; i < copied; i++)
            {
                sum += values[i];
            }
        }

        return (count, sum, shortBatches);
    }
}
