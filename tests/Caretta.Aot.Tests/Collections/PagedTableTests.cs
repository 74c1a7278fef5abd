using System.Net;
using Caretta.Aot.Collections;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;
using Xunit;

namespace Caretta.Aot.Tests.Collections;

public sealed class PagedTableTests
{
    [Fact]
    public void It_does_what_a_dictionary_does()
    {
        var random = new Random(20);
        var expected = new Dictionary<Uid, int>();
        var index = new PagedTable<Uid, int>();
        for (int step = 0; step < 200_000; step++)
        {
            // A few thousand keys that come and go, half of them differing in their high bits alone.
            int number = random.Next(4000);
            var key = number % 2 == 0 ? new Uid((ulong)number << 40, 0) : new Uid(0, (ulong)number);
            if (random.Next(100) < (step < 100_000 ? 60 : 40))
            {
                ref int held = ref index.GetOrAdd(key, out bool existed);
                Assert.Equal(expected.TryGetValue(key, out int old), existed);
                Assert.Equal(old, held);
                held = expected[key] = step;
            }
            else
            {
                index.Remove(key);
                expected.Remove(key);
            }

            Assert.Equal(expected.Count, index.Count);
        }

        for (int number = 0; number < 4000; number++)
        {
            var key = number % 2 == 0 ? new Uid((ulong)number << 40, 0) : new Uid(0, (ulong)number);
            Assert.Equal(expected.TryGetValue(key, out int value), index.TryFind(key, out int found));
            Assert.Equal(value, found);
        }
    }

    [Fact]
    public void Its_memory_follows_what_it_holds()
    {
        const int Count = 30_000;
        long before = GC.GetAllocatedBytesForCurrentThread();
        var index = new PagedTable<NetAddress, int>();
        for (int i = 0; i < Count; i++)
        {
            index.GetOrAdd(NetAddress.From(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i])), out _) = i;
        }

        long addresses = Count * 64L;   // what IPAddress costs above
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before - addresses;
        Assert.InRange(allocated / Count, 24, 96);

        before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 10; round++)
        {
            for (int i = 0; i < 1000; i++)
            {
                index.Remove(new NetAddress(0, (ulong)i));
                index.GetOrAdd(new NetAddress(0, (ulong)i + 1000), out _) = i;
                index.Remove(new NetAddress(0, (ulong)i + 1000));
            }
        }

        // One more page at most: places are used again.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 * 1024);
    }

    [Fact]
    public void Keys_can_be_removed_while_it_is_gone_through()
    {
        var table = new PagedTable<long, long>();
        for (long key = 0; key < 5000; key++)
        {
            table.GetOrAdd(in key, out _) = key * 2;
        }

        for (int place = 0; place < table.Places; place++)
        {
            if (table.IsHeld(place) && table.KeyAt(place) % 3 != 0)
            {
                Assert.Equal(table.KeyAt(place) * 2, table.ValueAt(place));
                table.Remove(table.KeyAt(place));
            }
        }

        Assert.Equal(1667, table.Count);
        Assert.Equal(
            Enumerable.Range(0, 5000).Where(static key => key % 3 == 0),
            Enumerable.Range(0, table.Places).Where(table.IsHeld).Select(place => (int)table.KeyAt(place)).Order());
        Assert.Equal(6, table[3]);
        Assert.Throws<KeyNotFoundException>(() => table[4]);
    }
}
