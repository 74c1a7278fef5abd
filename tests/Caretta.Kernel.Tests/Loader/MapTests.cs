using System.Runtime.InteropServices;

using Caretta.Bpf;
using Caretta.Bpf.Interop;
using Caretta.Kernel.Tests.Support;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Single operations on maps of the kernel.</summary>
public sealed class MapTests
{
    private const ulong NoExist = 1;
    private const ulong Exist = 2;

    [KernelFact]
    public void An_entry_is_written_read_replaced_and_removed()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(4);

        Assert.False(map.TryLookup(1, out ulong value));
        map.Update(1, 10);
        Assert.True(map.TryLookup(1, out value));
        Assert.Equal(10UL, value);
        map.Update(1, 11, Exist);
        Assert.True(map.TryLookup(1, out value));
        Assert.Equal(11UL, value);
        Assert.True(map.Delete(1));
        Assert.False(map.Delete(1));
        Assert.False(map.TryLookup(1, out _));
    }

    [KernelFact]
    public void What_the_flags_forbid_and_what_does_not_fit_is_refused_by_name()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(2);
        map.Update(1, 1);

        Assert.Equal("EEXIST", Assert.Throws<BpfException>(() => map.Update(1, 2, NoExist)).ErrorName);
        Assert.Equal("ENOENT", Assert.Throws<BpfException>(() => map.Update(2, 2, Exist)).ErrorName);
        map.Update(2, 2);
        BpfException full = Assert.Throws<BpfException>(() => map.Update(3, 3));
        Assert.Equal("update map numbers: E2BIG (7)", full.Message);
    }

    [KernelFact]
    public void Spans_and_types_of_another_size_never_reach_the_kernel()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(2);

        Assert.Throws<ArgumentException>(() => map.TryLookup(new byte[3], new byte[8]));
        Assert.Throws<ArgumentException>(() => map.TryLookup(new byte[4], new byte[7]));
        Assert.Throws<ArgumentException>(() => map.TryLookup(new byte[4], new byte[9]));
        Assert.Throws<ArgumentException>(() => map.Update(new byte[5], new byte[8]));
        Assert.Throws<ArgumentException>(() => map.Update(new byte[4], []));
        Assert.Throws<ArgumentException>(() => map.Delete([]));
        ArgumentException types = Assert.Throws<ArgumentException>(() => map.As<uint, uint>());
        Assert.Equal("map numbers has keys of 4 and values of 8 bytes; UInt32 has 4 and UInt32 4", types.Message);
        Assert.Throws<ArgumentException>(() => map.As<ulong, ulong>());
    }

    [KernelFact]
    public void A_per_cpu_value_needs_room_for_every_cpu()
    {
        using BpfMap map = BpfMap.Create(new BpfMapShape("per_cpu", BpfMapType.PerCpuArray, 4, 12, 2, 0));
        int cpus = PossibleCpus.Count;

        Assert.Equal(16 * cpus, map.Shape.TransferSize);
        Assert.Throws<ArgumentException>(() => map.TryLookup(new byte[4], new byte[12]));
        byte[] values = new byte[16 * cpus];
        for (int i = 0; i < cpus; i++)
        {
            values[16 * i] = (byte)(i + 1);
        }

        map.Update(new byte[4], values);
        byte[] read = new byte[16 * cpus];
        Assert.True(map.TryLookup(new byte[4], read));
        Assert.Equal(values, read);
    }

    [KernelFact]
    public void Every_operation_on_a_disposed_map_says_so()
    {
        BpfMap<uint, ulong> map = LoaderFixture.CreateHash(2);
        using BpfMap<uint, uint> other =
            BpfMap.Create(new BpfMapShape("other", BpfMapType.Hash, sizeof(uint), sizeof(uint), 2, 0)).As<uint, uint>();
        map.Dispose();

        MapCursor cursor = default;
        Assert.Throws<ObjectDisposedException>(() => map.TryLookup(1, out _));
        Assert.Throws<ObjectDisposedException>(() => map.Update(1, 1));
        Assert.Throws<ObjectDisposedException>(() => map.Delete(1));
        Assert.Throws<ObjectDisposedException>(() => map.Clear());
        Assert.Throws<ObjectDisposedException>(() => map.ReadBatch(ref cursor, new uint[1], new ulong[1]));
        Assert.Throws<ObjectDisposedException>(() => map.TakeBatch(ref cursor, new uint[1], new ulong[1]));
        Assert.Throws<ObjectDisposedException>(() => other.UpdateInner(0, map));
        map.Dispose();
    }

    [KernelFact]
    public void An_inner_map_is_put_in_place_replaced_and_taken_out()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "maps_in_map");
        BpfMap outer = loaded.Map("outer");
        using BpfMap replacement = BpfMap.Create(loaded.Map("inner_a").Shape with { MaxEntries = 1000 });
        BpfMap<uint, ulong> first = loaded.Map("inner_a").As<uint, ulong>();
        BpfMap<uint, ulong> second = replacement.As<uint, ulong>();

        outer.UpdateInner(0, replacement);
        Assert.Equal(0u, loaded.Run("maps_in_map"));
        Assert.False(first.TryLookup(0, out _));
        Assert.True(second.TryLookup(0, out ulong value));
        Assert.Equal(100UL, value);

        // The program says so by the line of its first check.
        Assert.True(outer.Delete(stackalloc byte[4]));
        Assert.NotEqual(0u, loaded.Run("maps_in_map"));

        using BpfMap misfit = BpfMap.Create(replacement.Shape with { ValueSize = 4 });
        Assert.Equal("EINVAL", Assert.Throws<BpfException>(() => outer.UpdateInner(0, misfit)).ErrorName);
    }

    [KernelFact]
    public void A_shape_that_the_kernel_refuses_is_described()
    {
        BpfException refused = Assert.Throws<BpfException>(() => BpfMap.Create(new BpfMapShape("strange", BpfMapType.Hash, 0, 8, 4, 0)));

        Assert.Equal("create map strange (Hash, key 0, value 8, entries 4): EINVAL (22)", refused.Message);
    }

    [KernelFact]
    public void Single_operations_allocate_nothing()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(64);
        Touch(map);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Touch(map);
        long after = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(0, after - before);

        static void Touch(BpfMap<uint, ulong> map)
        {
            for (uint i = 0; i < 32; i++)
            {
                map.Update(i, i);
                map.TryLookup(i, out _);
                map.Delete(i);
            }
        }
    }

    [KernelFact]
    public void Clear_leaves_nothing_and_the_map_in_use()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(2000);
        Fill(map, 1500);

        map.Clear();

        MapCursor cursor = default;
        Assert.Equal(0, map.ReadBatch(ref cursor, new uint[2000], new ulong[2000]));
        Assert.True(cursor.Ended);
        map.Update(1, 1);
        map.Clear();
        Assert.False(map.TryLookup(1, out _));
    }

    [KernelFact]
    public void Clear_has_room_for_the_values_of_all_cpus()
    {
        using BpfMap map = BpfMap.Create(new BpfMapShape("per_cpu", BpfMapType.PerCpuHash, 4, 8, 500, 0));
        byte[] value = new byte[map.Shape.TransferSize];
        for (int i = 0; i < 500; i++)
        {
            map.Update(MemoryMarshal.AsBytes<int>([i]), value);
        }

        map.Clear();

        Assert.False(map.TryLookup(MemoryMarshal.AsBytes<int>([7]), value));
    }

    [KernelFact]
    public void Keys_that_no_cursor_can_hold_are_refused_here()
    {
        using BpfMap map = BpfMap.Create(new BpfMapShape("long_keys", BpfMapType.Hash, 136, 8, 16, 0));

        Assert.Throws<NotSupportedException>(map.Clear);
    }

    [KernelFact]
    public void A_map_without_batches_is_walked_and_cleared_key_by_key()
    {
        // A trie of prefixes; it takes nothing in batches. 64 bits of prefix, then the address.
        using BpfMap map = BpfMap.Create(new BpfMapShape("prefixes", BpfMapType.LongestPrefixTrie, 12, 8, 1000, 1));
        BpfMap<Prefix, ulong> prefixes = map.As<Prefix, ulong>();
        ulong expected = 0;
        for (uint i = 0; i < 1000; i++)
        {
            prefixes.Update(new Prefix { Length = 64, High = i, Low = ~i }, i);
            expected += i;
        }

        Prefix[] keys = new Prefix[7];
        ulong[] values = new ulong[7];
        (int Count, ulong Sum) read = Walk(prefixes, take: false, keys, values);
        (int Count, ulong Sum) taken = Walk(prefixes, take: true, keys, values);
        (int Count, ulong Sum) left = Walk(prefixes, take: false, keys, values);

        Assert.Equal((1000, expected), read);
        Assert.Equal((1000, expected), taken);
        Assert.Equal((0, 0UL), left);

        prefixes.Update(new Prefix { Length = 64 }, 1);
        map.Clear();
        Assert.False(prefixes.TryLookup(new Prefix { Length = 64 }, out _));
    }

    [KernelFact]
    public void A_kernel_without_batches_gives_the_same_entries()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(3000);
        Fill(map, 3000);
        using var old = KernelCalls.Replace(new KernelWithoutBatches());
        uint[] keys = new uint[64];
        ulong[] values = new ulong[64];

        Assert.False(KernelFeatures.Current.HasBatches);
        (int Count, ulong Sum) read = Walk(map, take: false, keys, values);
        long before = GC.GetAllocatedBytesForCurrentThread();
        (int Count, ulong Sum) taken = Walk(map, take: true, keys, values);
        long after = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal((3000, 4498500UL), read);
        Assert.Equal((3000, 4498500UL), taken);
        Assert.Equal(0, after - before);
        Assert.Equal((0, 0UL), Walk(map, take: false, keys, values));
    }

    [KernelFact]
    public void A_walk_key_by_key_ends_while_others_add_and_remove()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(64);
        Fill(map, 32);
        using var old = KernelCalls.Replace(new KernelWithoutBatches());
        uint[] keys = new uint[1];
        ulong[] values = new ulong[1];
        MapCursor cursor = default;
        int steps = 0;

        // Each key that comes next is gone when it is asked for, which sends the kernel back to the first one.
        while (!cursor.Ended)
        {
            map.ReadBatch(ref cursor, keys, values);
            for (uint i = 0; i < 32; i++)
            {
                map.Delete(i + (32 * (uint)(steps % 2)));
                map.Update(i + (32 * (uint)((steps + 1) % 2)), 0);
            }

            Assert.True(++steps < 10_000);
        }
    }

    [KernelFact]
    public void The_values_of_all_processors_are_read_and_written_whatever_their_size()
    {
        using BpfMap words = BpfMap.Create(new BpfMapShape("words", BpfMapType.PerCpuHash, 4, 8, 4, 0));
        using BpfMap halves = BpfMap.Create(new BpfMapShape("halves", BpfMapType.PerCpuArray, 4, 12, 4, 0));
        BpfPerCpuMap<uint, ulong> wide = words.AsPerCpu<uint, ulong>();
        BpfPerCpuMap<uint, Prefix> odd = halves.AsPerCpu<uint, Prefix>();
        ulong[] some = [.. Enumerable.Range(1, wide.Count).Select(static i => (ulong)i)];
        Prefix[] others = [.. Enumerable.Range(1, odd.Count).Select(static i => new Prefix { Length = (uint)i, High = 2, Low = 3 * (uint)i })];

        ulong[] read = new ulong[wide.Count];
        Prefix[] readOdd = new Prefix[odd.Count];
        Assert.False(wide.TryLookup(7, read));
        wide.Update(7, some);
        odd.Update(3, others);

        Assert.True(wide.TryLookup(7, read));
        Assert.True(odd.TryLookup(3, readOdd));
        Assert.Equal(some, read);
        Assert.Equal(others, readOdd);
        Assert.Throws<ArgumentException>(() => wide.TryLookup(7, new ulong[wide.Count + 1]));
        Assert.Throws<ArgumentException>(() => words.AsPerCpu<uint, uint>());
        Assert.Throws<ArgumentException>(() => halves.As<uint, uint>());
    }

    [KernelFact]
    public void Variables_are_shared_memory()
    {
        using LoadedObject loaded = LoaderFixture.Load("hooks.bpf.o", "raw_tracepoint");
        (BpfMap map, int offset) = loaded.Variable("other_programs");
        using BpfMemory memory = map.MapMemory();
        ref ulong number = ref MemoryMarshal.AsRef<ulong>(memory.Span[offset..]);

        Volatile.Write(ref number, 42);

        Assert.Equal(42UL, loaded.Read<ulong>("other_programs"));
        Assert.Equal((map.Shape.ValueSize + 7) & ~7, memory.Length);
    }

    [KernelFact]
    public void Constants_are_memory_that_can_only_be_read()
    {
        BpfObject file = LoaderFixture.Parse("hooks.bpf.o", "raw_tracepoint");
        file.SetVariable("process", 4711u);
        using LoadedObject loaded = BpfLoader.Load(file);
        (BpfMap map, int offset) = loaded.Variable("process");

        using BpfMemory memory = map.MapMemory(isWritable: false);

        Assert.Equal(4711u, MemoryMarshal.Read<uint>(memory.Span[offset..]));
        Assert.Equal("EPERM", Assert.Throws<BpfException>(() => map.MapMemory()).ErrorName);
        using BpfMap<uint, ulong> hash = LoaderFixture.CreateHash(1);
        Assert.Equal("ENOTSUPP", Assert.Throws<BpfException>(() => hash.MapMemory()).ErrorName);
    }

    private static (int Count, ulong Sum) Walk<TKey>(BpfMap<TKey, ulong> map, bool take, TKey[] keys, ulong[] values)
        where TKey : unmanaged
    {
        MapCursor cursor = default;
        int count = 0;
        ulong sum = 0;
        while (!cursor.Ended)
        {
            int some = take ? map.TakeBatch(ref cursor, keys, values) : map.ReadBatch(ref cursor, keys, values);
            for (int i = 0; i < some; i++)
            {
                sum += values[i];
            }

            count += some;
        }

        return (count, sum);
    }

    private static void Fill(BpfMap<uint, ulong> map, uint count)
    {
        for (uint i = 0; i < count; i++)
        {
            map.Update(i, i);
        }
    }

    private struct Prefix
    {
        public uint Length;
        public uint High;
        public uint Low;
    }

    /// <summary>This kernel, but as before Linux 5.6.</summary>
    private sealed class KernelWithoutBatches : KernelCalls
    {
        public override unsafe int Bpf(bpf_cmd command, void* attr, int size) =>
            command is bpf_cmd.BPF_MAP_LOOKUP_BATCH or bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH
                ? -Errno.EINVAL
                : base.Bpf(command, attr, size);
    }
}
