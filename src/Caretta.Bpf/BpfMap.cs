using System.Runtime.CompilerServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>What a map is created from; the kernel's <c>BPF_MAP_CREATE</c> without descriptors.</summary>
/// <param name="Name">Shown by tools; the kernel keeps 15 bytes of it (Linux 4.15).</param>
/// <param name="Type">A <c>BPF_MAP_TYPE_*</c> number.</param>
/// <param name="KeySize">Bytes.</param>
/// <param name="ValueSize">Bytes; for per-CPU maps of one CPU's value.</param>
/// <param name="MaxEntries">Entries.</param>
/// <param name="Flags"><c>BPF_F_*</c> of map creation.</param>
public readonly record struct BpfMapShape(string Name, BpfMapType Type, int KeySize, int ValueSize, uint MaxEntries, uint Flags);

/// <summary>A map in the kernel. Sizes are checked here once, so that no call can make the kernel read or write past a span.</summary>
/// <remarks>Thread-safe: the kernel synchronises; the kernel's own rules on concurrent updates apply.</remarks>
public class BpfMap : IDisposable
{
    internal BpfMap(BpfHandle handle, BpfMapShape shape)
    {
        Handle = handle;
        Shape = shape;
    }

    /// <summary>The descriptor; owned by this object.</summary>
    public BpfHandle Handle { get; }

    /// <summary>What the map was created with, after the loader's adjustments.</summary>
    public BpfMapShape Shape { get; }

    /// <summary>The map's whole name, as in the object.</summary>
    public string Name => Shape.Name;

    /// <summary>Creates a map without type information. Linux 3.18; needs CAP_BPF (CAP_SYS_ADMIN before 5.8).</summary>
    /// <exception cref="BpfException">Refused. Before Linux 5.11 EPERM also means RLIMIT_MEMLOCK.</exception>
    public static BpfMap Create(BpfMapShape shape) => Create(shape, default, null);

    internal static BpfMap Create(in BpfMapShape shape, in MapTypeInfo info, BpfHandle? types)
    {
        using BpfHandle.Lease lease = BpfHandle.Borrow(info.BtfValueTypeId == 0 ? null : types);
        int result = TryCreate(shape, info, lease.Fd);
        if (result < 0 && lease.Fd != 0)
        {
            // Older kernels take no type information with some map types; it is a courtesy to tools, seldom a need.
            int plain = TryCreate(shape, info with { BtfKeyTypeId = 0, BtfValueTypeId = 0 }, 0);
            result = plain >= 0 ? plain : result;
        }

        if (result < 0)
        {
            throw new BpfException(
                $"create map {shape.Name} ({shape.Type}, key {shape.KeySize}, value {shape.ValueSize}, entries {shape.MaxEntries})",
                -result, advice: Advice.For(-result));
        }

        return new BpfMap(new BpfHandle(result), shape);
    }

    /// <summary>Reads one value. Linux 3.18.</summary>
    /// <returns>False if there is no such key; <paramref name="value"/> is then unchanged.</returns>
    /// <exception cref="BpfException">Any other refusal.</exception>
    public bool TryLookup(ReadOnlySpan<byte> key, Span<byte> value)
    {
        CheckSize(key.Length, Shape.KeySize, nameof(key));
        CheckSize(value.Length, Shape.ValueSize, nameof(value));
        int result = Element(bpf_cmd.BPF_MAP_LOOKUP_ELEM, key, value, 0);
        if (result == -Errno.ENOENT)
        {
            return false;
        }

        ThrowIfRefused(result, "look up in");
        return true;
    }

    /// <summary>Writes one value. Linux 3.18.</summary>
    /// <param name="key">As long as the map's keys.</param>
    /// <param name="value">As long as the map's values.</param>
    /// <param name="flags">0 any, 1 BPF_NOEXIST, 2 BPF_EXIST.</param>
    /// <exception cref="BpfException">Refused: E2BIG full, EEXIST or ENOENT as the flags say.</exception>
    public void Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags = 0)
    {
        CheckSize(key.Length, Shape.KeySize, nameof(key));
        CheckSize(value.Length, Shape.ValueSize, nameof(value));
        ThrowIfRefused(Element(bpf_cmd.BPF_MAP_UPDATE_ELEM, key, value, flags), "update");
    }

    /// <summary>
    /// Puts a map into an element of a map of maps. Returns only when no program uses the replaced one any more
    /// (Linux 5.0, <c>maybe_wait_bpf_programs</c>).
    /// </summary>
    /// <exception cref="BpfException">Refused: EINVAL if the inner map does not fit the template.</exception>
    public void UpdateInner(uint key, BpfMap inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        using BpfHandle.Lease innerLease = inner.Handle.Borrow();
        Span<uint> keys = [key];
        Span<int> values = [innerLease.Fd];
        Update(System.Runtime.InteropServices.MemoryMarshal.AsBytes(keys), System.Runtime.InteropServices.MemoryMarshal.AsBytes(values));
    }

    /// <summary>Removes one entry. Linux 3.18.</summary>
    /// <returns>False if there was none.</returns>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        CheckSize(key.Length, Shape.KeySize, nameof(key));
        int result = Element(bpf_cmd.BPF_MAP_DELETE_ELEM, key, default, 0);
        if (result == -Errno.ENOENT)
        {
            return false;
        }

        ThrowIfRefused(result, "delete from");
        return true;
    }

    /// <summary>Removes all entries that are there when it starts, in batches. Linux 5.6. Not for arrays.</summary>
    /// <exception cref="BpfException">Refused.</exception>
    public unsafe void Clear()
    {
        const int BatchSize = 256;
        byte[] keys = new byte[BatchSize * Shape.KeySize];
        byte[] values = new byte[BatchSize * Shape.ValueSize];
        MapCursor cursor = default;

        // The kernel writes at most BatchSize keys and values.
        fixed (byte* k = keys)
        fixed (byte* v = values)
        {
            while (!cursor.Ended)
            {
                Batch(bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH, ref cursor, k, v, BatchSize);
            }
        }
    }

    /// <summary>Refuses all writes from user space from now on. Linux 5.2.</summary>
    internal void Freeze() => ThrowIfRefused(Element(bpf_cmd.BPF_MAP_FREEZE, default, default, 0), "freeze");

    /// <summary>The same map with typed keys and values. The descriptor is shared: dispose one of the two.</summary>
    /// <exception cref="ArgumentException">The types' sizes are not the map's.</exception>
    public BpfMap<TKey, TValue> As<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged => new(Handle, Shape);

    /// <inheritdoc/>
    public void Dispose()
    {
        Handle.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void ThrowIfRefused(int result, string operation)
    {
        if (result < 0)
        {
            throw new BpfException($"{operation} map {Name}", -result, advice: Advice.For(-result));
        }
    }

    /// <summary>The caller keeps room for <paramref name="room"/> keys and values pinned.</summary>
    private protected unsafe int Batch(bpf_cmd command, ref MapCursor cursor, void* keys, void* values, int room)
    {
        using BpfHandle.Lease lease = Handle.Borrow();

        // The kernel's token for hashes is four bytes.
        fixed (uint* token = &cursor.Token)
        {
            var attr = new bpf_attr_batch
            {
                in_batch = cursor.Started ? BpfSyscall.Address(token) : 0,
                out_batch = BpfSyscall.Address(token),
                keys = BpfSyscall.Address(keys),
                values = BpfSyscall.Address(values),
                count = (uint)room,
                map_fd = (uint)lease.Fd,
            };
            int result = BpfSyscall.Call(command, ref attr);
            if (result is not (0 or -Errno.ENOENT))
            {
                ThrowIfRefused(result, command == bpf_cmd.BPF_MAP_LOOKUP_BATCH ? "read a batch of" : "take a batch of");
            }

            // A short count with result 0 means "the next bucket did not fit": kernel/bpf/hashtab.c,
            // __htab_map_lookup_and_delete_batch. Only ENOENT is the end, and its count is valid too.
            cursor.Started = true;
            cursor.Ended = result != 0;
            return (int)attr.count;
        }
    }

    private static void CheckSize(int actual, int expected, string parameter)
    {
        if (actual != expected)
        {
            throw new ArgumentException($"the map has {expected} bytes here, not {actual}", parameter);
        }
    }

    private static int TryCreate(in BpfMapShape shape, in MapTypeInfo info, int typesFd)
    {
        var attr = new bpf_attr_map_create
        {
            map_type = (uint)shape.Type,
            key_size = (uint)shape.KeySize,
            value_size = (uint)shape.ValueSize,
            max_entries = shape.MaxEntries,
            map_flags = shape.Flags,
            inner_map_fd = (uint)info.InnerMapFd,
            numa_node = (uint)info.NumaNode,
            map_name = BpfSyscall.Name(shape.Name),
            btf_fd = (uint)typesFd,
            btf_key_type_id = (uint)info.BtfKeyTypeId,
            btf_value_type_id = (uint)info.BtfValueTypeId,
            map_extra = info.MapExtra,
        };
        return BpfSyscall.Call(bpf_cmd.BPF_MAP_CREATE, ref attr);
    }

    private unsafe int Element(bpf_cmd command, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags)
    {
        using BpfHandle.Lease lease = Handle.Borrow();

        // Sizes were compared with the map's: the kernel touches KeySize and ValueSize bytes.
        fixed (byte* k = key)
        fixed (byte* v = value)
        {
            var attr = new bpf_attr_elem
            {
                map_fd = (uint)lease.Fd,
                key = BpfSyscall.Address(k),
                value = BpfSyscall.Address(v),
                flags = flags,
            };
            return BpfSyscall.Call(command, ref attr);
        }
    }

    /// <summary>The rest of BPF_MAP_CREATE, mostly ids that only mean something beside one object's types.</summary>
    internal readonly record struct MapTypeInfo(
        int InnerMapFd = 0,
        int NumaNode = 0,
        int BtfKeyTypeId = 0,
        int BtfValueTypeId = 0,
        ulong MapExtra = 0);
}

/// <summary>Where a walk over a map stands. A short batch is not its end; <see cref="Ended"/> is.</summary>
public struct MapCursor
{
    /// <summary>Opaque to us: a bucket number for hashes, so 4 bytes (<c>__htab_map_lookup_and_delete_batch</c>).</summary>
    internal uint Token;

    /// <summary>Whether a batch was read.</summary>
    public bool Started { get; internal set; }

    /// <summary>Whether the walk is over.</summary>
    public bool Ended { get; internal set; }
}

/// <summary>A map with keys and values of known types.</summary>
/// <typeparam name="TKey">As the BPF side lays it out, padding included and zero.</typeparam>
/// <typeparam name="TValue">Likewise.</typeparam>
public sealed class BpfMap<TKey, TValue> : BpfMap
    where TKey : unmanaged
    where TValue : unmanaged
{
    internal BpfMap(BpfHandle handle, BpfMapShape shape)
        : base(handle, shape)
    {
        if (Unsafe.SizeOf<TKey>() != shape.KeySize || Unsafe.SizeOf<TValue>() != shape.ValueSize)
        {
            throw new ArgumentException(
                $"map {shape.Name} has keys of {shape.KeySize} and values of {shape.ValueSize} bytes; "
                + $"{typeof(TKey).Name} has {Unsafe.SizeOf<TKey>()} and {typeof(TValue).Name} {Unsafe.SizeOf<TValue>()}");
        }
    }

    /// <summary>Reads one value. Allocates nothing.</summary>
    /// <returns>False if there is no such key.</returns>
    public unsafe bool TryLookup(in TKey key, out TValue value)
    {
        value = default;
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            // Both spans cover exactly one element of the type whose size the constructor compared with the map's.
            return TryLookup(new ReadOnlySpan<byte>(k, sizeof(TKey)), new Span<byte>(v, sizeof(TValue)));
        }
    }

    /// <summary>Writes one value. Allocates nothing.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="flags">0 any, 1 BPF_NOEXIST, 2 BPF_EXIST.</param>
    /// <exception cref="BpfException">Refused: E2BIG full, EEXIST or ENOENT as the flags say.</exception>
    public unsafe void Update(in TKey key, in TValue value, ulong flags = 0)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            Update(new ReadOnlySpan<byte>(k, sizeof(TKey)), new ReadOnlySpan<byte>(v, sizeof(TValue)), flags);
        }
    }

    /// <summary>Removes one entry.</summary>
    /// <returns>False if there was none.</returns>
    public unsafe bool Delete(in TKey key)
    {
        fixed (TKey* k = &key)
        {
            return Delete(new ReadOnlySpan<byte>(k, sizeof(TKey)));
        }
    }

    /// <summary>Copies the next batch of entries. Allocates nothing. Linux 5.6 for hashes and arrays.</summary>
    /// <param name="cursor">A default one starts the walk.</param>
    /// <param name="keys">Room for keys.</param>
    /// <param name="values">Room for values; the shorter of the two counts.</param>
    /// <returns>Entries copied, possibly fewer than fit. Only <see cref="MapCursor.Ended"/> says that the walk is over.</returns>
    /// <exception cref="BpfException"><c>ENOSPC</c>: one hash bucket holds more entries than the spans. Nothing was consumed: come
    /// back with larger spans and the same cursor.</exception>
    public int ReadBatch(ref MapCursor cursor, Span<TKey> keys, Span<TValue> values) =>
        Batch(bpf_cmd.BPF_MAP_LOOKUP_BATCH, ref cursor, keys, values);

    /// <summary>Like <see cref="ReadBatch"/>, and removes what it copies.</summary>
    /// <inheritdoc cref="ReadBatch"/>
    public int TakeBatch(ref MapCursor cursor, Span<TKey> keys, Span<TValue> values) =>
        Batch(bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH, ref cursor, keys, values);

    private unsafe int Batch(bpf_cmd command, ref MapCursor cursor, Span<TKey> keys, Span<TValue> values)
    {
        // Elements have the sizes that the constructor compared with the map's.
        fixed (TKey* k = keys)
        fixed (TValue* v = values)
        {
            return Batch(command, ref cursor, k, v, Math.Min(keys.Length, values.Length));
        }
    }
}
