using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

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
        if (Unsafe.SizeOf<TKey>() != shape.KeySize || Unsafe.SizeOf<TValue>() != shape.TransferSize)
        {
            throw new ArgumentException(
                $"map {shape.Name} has keys of {shape.KeySize} and values of {shape.TransferSize} bytes; "
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

    /// <summary>
    /// Copies the next batch of entries. Allocates nothing. In one system call from Linux 5.6 on, where the map's type has batches; else one
    /// entry at a time, and then entries that change meanwhile may be missed or met twice.
    /// </summary>
    /// <param name="cursor">A default one starts the walk.</param>
    /// <param name="keys">Room for keys.</param>
    /// <param name="values">Room for values; the shorter of the two counts.</param>
    /// <returns>Entries copied, possibly fewer than fit. Only <see cref="MapCursor.Ended"/> says that the walk is over.</returns>
    /// <exception cref="ArgumentException">A span is empty: the walk would never end.</exception>
    /// <exception cref="NotSupportedException">The map's keys are longer than <see cref="MapCursor.MaxKeySize"/>.</exception>
    /// <exception cref="BpfException"><c>ENOSPC</c>: one hash bucket holds more entries than the spans. Nothing was consumed: come
    /// back with larger spans and the same cursor.</exception>
    public int ReadBatch(ref MapCursor cursor, Span<TKey> keys, Span<TValue> values) =>
        Batch(bpf_cmd.BPF_MAP_LOOKUP_BATCH, ref cursor, keys, values);

    /// <summary>
    /// Like <see cref="ReadBatch"/>, and removes what it copies. Without batches, what programs add to an entry between the two is lost:
    /// take from a map that nobody writes to.
    /// </summary>
    /// <inheritdoc cref="ReadBatch"/>
    public int TakeBatch(ref MapCursor cursor, Span<TKey> keys, Span<TValue> values) =>
        Batch(bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH, ref cursor, keys, values);

    [DoesNotReturn]
    private static void ThrowNoRoom() => throw new ArgumentException("no room for keys or for values");

    private unsafe int Batch(bpf_cmd command, ref MapCursor cursor, Span<TKey> keys, Span<TValue> values)
    {
        int room = Math.Min(keys.Length, values.Length);
        if (room == 0)
        {
            ThrowNoRoom();
        }

        // Elements have the sizes that the constructor compared with the map's.
        fixed (TKey* k = keys)
        fixed (TValue* v = values)
        {
            int result = TryBatch(command, ref cursor, k, v, room);
            ThrowIfRefused(result, command == bpf_cmd.BPF_MAP_LOOKUP_BATCH ? "read a batch of" : "take a batch of");
            return result;
        }
    }
}
