using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>A map in the kernel. Every call compares sizes first, so that none can make the kernel read or write past a span.</summary>
/// <remarks>
/// Thread-safe: the kernel synchronises; the kernel's own rules on concurrent updates apply. Every call on a disposed map throws
/// <see cref="ObjectDisposedException"/>.
/// </remarks>
public class BpfMap : IDisposable
{
    // A lock that another CPU holds is free long before that.
    private const int MaxContendedTries = 1000;

    // Learnt from the first refusal; set only once, and only from false to true.
    private volatile bool _hasNoBatches;

    internal BpfMap(BpfHandle handle, BpfMapShape shape)
    {
        Handle = handle;
        Shape = shape;
    }

    /// <summary>The descriptor; owned by this object.</summary>
    public BpfHandle Handle { get; }

    /// <summary>What the map was created with, after the loader's adjustments.</summary>
    public BpfMapShape Shape { get; }

    /// <summary>
    /// The memory of an arena (Linux 6.9), mapped when it was created and as long as this object lives; null for other maps.
    /// </summary>
    public BpfMemory? Arena { get; private set; }

    /// <summary>The map's whole name, as in the object.</summary>
    public string Name => Shape.Name;

    /// <summary>Creates a map without type information. Linux 3.18; needs CAP_BPF (CAP_SYS_ADMIN before 5.8).</summary>
    /// <exception cref="BpfException">Refused. Before Linux 5.11 EPERM also means RLIMIT_MEMLOCK.</exception>
    public static BpfMap Create(BpfMapShape shape) => Create(shape, default, null);

    internal static BpfMap Create(in BpfMapShape shape, in MapTypeInfo info, BpfHandle? types)
    {
        using BpfHandle.Lease lease = BpfHandle.Borrow(info is { BtfValueTypeId: 0, BtfVmlinuxValueTypeId: 0 } ? null : types);
        KernelFeatures features = KernelFeatures.Current;
        BpfMapShape known = features.LacksObjectNames ? shape with { Name = string.Empty } : shape;
        int result = TryCreate(known, info, lease.Fd);
        if (result < 0 && lease.Fd != 0 && info.BtfVmlinuxValueTypeId == 0)
        {
            // Older kernels take no type information with some map types; it is a courtesy to tools, seldom a need.
            int plain = TryCreate(known, info with { BtfKeyTypeId = 0, BtfValueTypeId = 0 }, 0);
            result = plain >= 0 ? plain : result;
        }

        if (result is -Errno.EINVAL or -Errno.E2BIG && known.Name.Length > 0 && !features.HasObjectNames)
        {
            result = TryCreate(shape with { Name = string.Empty }, info with { BtfKeyTypeId = 0, BtfValueTypeId = 0 }, 0);
        }

        if (result < 0)
        {
            throw new BpfException(
                $"create map {shape.Name} ({shape.Type}, key {shape.KeySize}, value {shape.ValueSize}, entries {shape.MaxEntries})",
                -result, advice: Advice.For(-result));
        }

        var map = new BpfMap(new BpfHandle(result), shape);
        try
        {
            map.MapArena(info.MapExtra);
            return map;
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <summary>Reads one value. Linux 3.18. Allocates nothing.</summary>
    /// <param name="key">As long as the map's keys.</param>
    /// <param name="value">Exactly <see cref="BpfMapShape.TransferSize"/> bytes.</param>
    /// <returns>False if there is no such key; <paramref name="value"/> is then unchanged.</returns>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    /// <exception cref="BpfException">Any other refusal.</exception>
    public bool TryLookup(ReadOnlySpan<byte> key, Span<byte> value)
    {
        CheckSize(key.Length, Shape.KeySize, nameof(key));
        CheckSize(value.Length, Shape.TransferSize, nameof(value));
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
    /// <param name="value">Exactly <see cref="BpfMapShape.TransferSize"/> bytes.</param>
    /// <param name="flags">0 any, 1 BPF_NOEXIST, 2 BPF_EXIST.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    /// <exception cref="BpfException">Refused: E2BIG full, EEXIST or ENOENT as the flags say.</exception>
    public void Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags = 0)
    {
        CheckSize(key.Length, Shape.KeySize, nameof(key));
        CheckSize(value.Length, Shape.TransferSize, nameof(value));
        ThrowIfRefused(Element(bpf_cmd.BPF_MAP_UPDATE_ELEM, key, value, flags), "update");
    }

    /// <summary>
    /// Puts a map into an element of a map of maps. Returns only when no program uses the replaced one any more: the kernel waits for
    /// them (Linux 5.0, <c>maybe_wait_bpf_programs</c>), or else a barrier across all CPUs does, see <see cref="RunningPrograms"/>.
    /// </summary>
    /// <exception cref="BpfException">Refused: EINVAL if the inner map does not fit the template.</exception>
    public void UpdateInner(uint key, BpfMap inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        using BpfHandle.Lease innerLease = inner.Handle.Borrow();
        Span<uint> keys = [key];
        Span<int> values = [innerLease.Fd];
        Update(MemoryMarshal.AsBytes(keys), MemoryMarshal.AsBytes(values));
        if (!KernelFeatures.Current.HasGlobalData)
        {
            RunningPrograms.Wait();
        }
    }

    /// <summary>Removes one entry. Linux 3.18.</summary>
    /// <returns>False if there was none.</returns>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    /// <exception cref="BpfException">Any other refusal: an array's elements cannot be removed.</exception>
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

    /// <summary>Finds the key behind another. Linux 3.18. Allocates nothing.</summary>
    /// <param name="key">As long as the map's keys; empty for the first one (Linux 4.12).</param>
    /// <param name="next">Exactly as long as the map's keys.</param>
    /// <returns>False if there is none. A hash starts anew behind a key that is gone: bound what loops over it.</returns>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    /// <exception cref="BpfException">Refused.</exception>
    public bool TryGetNextKey(ReadOnlySpan<byte> key, Span<byte> next)
    {
        CheckSize(key.Length, key.IsEmpty ? 0 : Shape.KeySize, nameof(key));
        CheckSize(next.Length, Shape.KeySize, nameof(next));
        int result = Element(bpf_cmd.BPF_MAP_GET_NEXT_KEY, key, next, 0);
        if (result == -Errno.ENOENT)
        {
            return false;
        }

        ThrowIfRefused(result, "find the next key of");
        return true;
    }

    /// <summary>
    /// Removes all entries of a hash that are there when it starts. In batches from Linux 5.6 on, else one by one.
    /// </summary>
    /// <exception cref="NotSupportedException">The map's keys are longer than <see cref="MapCursor.MaxKeySize"/>.</exception>
    /// <exception cref="BpfException">Refused.</exception>
    public unsafe void Clear()
    {
        int room = 256;
        MapCursor cursor = default;
        while (!cursor.Ended)
        {
            byte[] keys = new byte[room * Shape.KeySize];
            byte[] values = new byte[room * Shape.TransferSize];

            // The kernel writes at most that many keys and values.
            fixed (byte* k = keys)
            fixed (byte* v = values)
            {
                int result;
                do
                {
                    result = TryBatch(bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH, ref cursor, k, v, room);
                }
                while (result >= 0 && !cursor.Ended);

                if (result != -Errno.ENOSPC)
                {
                    ThrowIfRefused(result, "clear");
                }
            }

            room *= 2;
        }
    }

    /// <summary>Maps it if it is an arena and not mapped yet: no program that uses one is accepted before.</summary>
    /// <param name="address">Where, or 0.</param>
    /// <exception cref="BpfException">Refused.</exception>
    internal void MapArena(ulong address)
    {
        if (Shape.Type == BpfMapType.Arena)
        {
            Arena ??= BpfMemory.OfArena(this, address);
        }
    }

    /// <summary>Refuses all writes from user space from now on. Linux 5.2.</summary>
    internal void Freeze() => ThrowIfRefused(Element(bpf_cmd.BPF_MAP_FREEZE, default, default, 0), "freeze");

    /// <summary>The same map with typed keys and values. The descriptor is shared: disposing one of the two disposes both.</summary>
    /// <exception cref="ArgumentException">
    /// The types' sizes are not the map's; that of the value is <see cref="BpfMapShape.TransferSize"/>.
    /// </exception>
    public BpfMap<TKey, TValue> As<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged => new(Handle, Shape);

    /// <summary>The same per-CPU map with typed keys and values. The descriptor is shared: disposing one of the two disposes both.</summary>
    /// <exception cref="ArgumentException">It is no per-CPU map, or the types' sizes are not the map's.</exception>
    public BpfPerCpuMap<TKey, TValue> AsPerCpu<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged => new(this);

    /// <summary>Opens a map that is pinned. Linux 4.13 (for its information; 4.4 has the pin).</summary>
    /// <exception cref="BpfException">Refused: ENOENT if there is nothing.</exception>
    public static BpfMap OpenPinned(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Open(PinnedObject.Open(path, "map"), path);
    }

    /// <summary>Keeps the map after this object and the process have gone: until the file is removed. Linux 4.4.</summary>
    /// <param name="path">A new name in a BPF file system.</param>
    /// <exception cref="BpfException">Refused: EEXIST if the name is taken.</exception>
    public void Pin(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        PinnedObject.Pin(Handle, path, $"map {Name}");
    }

    /// <summary>
    /// Maps an array's values into memory: they are read and written without a system call, as the programs see them. Linux 5.5, for arrays
    /// created with <see cref="BpfMapDefinition.Mmapable"/>, as data sections are where they can be.
    /// </summary>
    /// <param name="isWritable">Constants, once loaded, can only be read.</param>
    /// <exception cref="BpfException">Refused: EPERM or EACCES if it cannot be written, EINVAL if it cannot be mapped.</exception>
    public BpfMemory MapMemory(bool isWritable = true) => BpfMemory.OfArray(this, isWritable);

    /// <summary>The same for a moment, for reading, without anything allocated: until the result is disposed. Linux 5.5.</summary>
    /// <exception cref="BpfException">Refused; EINVAL without that flag.</exception>
    public BpfMapping MapBriefly() => new(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        Arena?.Dispose();
        Handle.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes over a descriptor and asks the kernel what it is.</summary>
    /// <exception cref="BpfException">Refused: EINVAL if it is no map's. The descriptor is then closed.</exception>
    internal static BpfMap Open(BpfHandle handle, string name)
    {
        try
        {
            bpf_map_info info = ReadInfo(handle, name);
            return new BpfMap(handle, new BpfMapShape(
                info.name.ToString(), (BpfMapType)info.type, (int)info.key_size, (int)info.value_size, info.max_entries, info.map_flags));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>What the kernel says of a map. Linux 4.13.</summary>
    /// <exception cref="BpfException">Refused.</exception>
    internal static unsafe bpf_map_info ReadInfo(BpfHandle handle, string name)
    {
        using BpfHandle.Lease lease = handle.Borrow();
        bpf_map_info info = default;

        // info lives on this stack frame, and the kernel writes at most info_len bytes.
        var attr = new bpf_attr_info
        {
            bpf_fd = (uint)lease.Fd,
            info_len = (uint)sizeof(bpf_map_info),
            info = BpfSyscall.Address(&info),
        };
        int result = BpfSyscall.Call(bpf_cmd.BPF_OBJ_GET_INFO_BY_FD, ref attr);
        return result >= 0 ? info : throw new BpfException($"read information of map {name}", -result);
    }

    private protected void ThrowIfRefused(int result, string operation)
    {
        if (result < 0)
        {
            throw new BpfException($"{operation} map {Name}", -result, advice: Advice.For(-result));
        }
    }

    /// <summary>
    /// One call for a batch; before Linux 5.6, and for maps without batches, one key at a time. The caller keeps room for
    /// <paramref name="room"/> keys and values pinned.
    /// </summary>
    /// <returns>Entries copied, or <c>-errno</c>; then nothing was.</returns>
    private protected unsafe int TryBatch(bpf_cmd command, ref MapCursor cursor, void* keys, void* values, int room)
    {
        if (Shape.KeySize > MapCursor.MaxKeySize)
        {
            throw new NotSupportedException(
                $"map {Name} ({Shape.Type}) has keys of {Shape.KeySize} bytes; walks take {MapCursor.MaxKeySize}");
        }

        bool removes = command == bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH;
        if (_hasNoBatches || KernelFeatures.Current.LacksBatches)
        {
            return MapWalk.Next(this, ref cursor, keys, values, room, removes);
        }

        using BpfHandle.Lease lease = Handle.Borrow();
        for (int i = 0; ; i++)
        {
            int result = Batch(command, ref cursor, keys, values, room, lease.Fd);
            if (result is -Errno.EINVAL or -Errno.ENOTSUPP && !cursor.Started)
            {
                // Of an old kernel, or of this type of map.
                _hasNoBatches = true;
                return MapWalk.Next(this, ref cursor, keys, values, room, removes);
            }

            // A bucket whose lock could not be had ends a batch early, with what was copied (and removed!) so far: htab_lock_bucket.
            bool isContended = result is -Errno.EBUSY or -Errno.EDEADLK or -Errno.ETIMEDOUT;
            if (!isContended || i == MaxContendedTries)
            {
                return result;
            }
        }
    }

    private static unsafe int Batch(bpf_cmd command, ref MapCursor cursor, void* keys, void* values, int room, int fd)
    {
        // A token is as long as a key or four bytes, and keys were compared with its room.
        fixed (void* token = &cursor.Token)
        {
            var attr = new bpf_attr_batch
            {
                in_batch = cursor.Started ? BpfSyscall.Address(token) : 0,
                out_batch = BpfSyscall.Address(token),
                keys = BpfSyscall.Address(keys),
                values = BpfSyscall.Address(values),
                count = (uint)room,
                map_fd = (uint)fd,
            };
            int result = BpfSyscall.Call(command, ref attr);
            bool copiedSome = attr.count > 0 && attr.count <= (uint)room;
            switch (result)
            {
                // A short count with result 0 means "the next bucket did not fit": kernel/bpf/hashtab.c,
                // __htab_map_lookup_and_delete_batch. Only ENOENT is the end, and its count is valid too.
                case 0 or -Errno.ENOENT:
                case -Errno.EBUSY or -Errno.EDEADLK or -Errno.ETIMEDOUT when copiedSome:
                    cursor.Started = true;
                    cursor.Ended = result == -Errno.ENOENT;
                    return (int)attr.count;
                default:
                    return result;
            }
        }
    }

    private static void CheckSize(int actual, int expected, string parameter)
    {
        if (actual != expected)
        {
            throw new ArgumentException($"the map has {expected} bytes here, not {actual}", parameter);
        }
    }

    /// <summary>BPF_MAP_CREATE, once.</summary>
    /// <returns>A descriptor or <c>-errno</c>.</returns>
    internal static int TryCreate(in BpfMapShape shape, in MapTypeInfo info, int typesFd)
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
            btf_vmlinux_value_type_id = (uint)info.BtfVmlinuxValueTypeId,
            map_extra = info.MapExtra,
            value_type_btf_obj_fd = info.ValueTypeModule,
        };
        return BpfSyscall.Call(bpf_cmd.BPF_MAP_CREATE, ref attr);
    }

    internal unsafe int Element(bpf_cmd command, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags)
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
        ulong MapExtra = 0,
        int BtfVmlinuxValueTypeId = 0,
        int ValueTypeModule = 0);
}
