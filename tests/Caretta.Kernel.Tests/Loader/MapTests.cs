using System.Runtime.InteropServices;

using Caretta.Bpf;
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
    public void Batches_of_keys_that_no_cursor_can_hold_are_refused_here()
    {
        using BpfMap map = BpfMap.Create(new BpfMapShape("prefixes", BpfMapType.LongestPrefixTrie, 8, 8, 16, 1));
        MapCursor cursor = default;

        Assert.Throws<NotSupportedException>(() => map.As<ulong, ulong>().ReadBatch(ref cursor, new ulong[4], new ulong[4]));
        Assert.Throws<NotSupportedException>(map.Clear);
    }

    private static void Fill(BpfMap<uint, ulong> map, uint count)
    {
        for (uint i = 0; i < count; i++)
        {
            map.Update(i, i);
        }
    }
}
