using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Caretta.Bpf;

/// <summary>A map that has one value for each possible processor, with keys and values of known types.</summary>
/// <typeparam name="TKey">As the BPF side lays it out, padding included and zero.</typeparam>
/// <typeparam name="TValue">Likewise, of one processor.</typeparam>
/// <remarks>Thread-safe. Shares the descriptor of the map it was made of, and does not own it.</remarks>
public sealed class BpfPerCpuMap<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly BpfMap _map;

    internal BpfPerCpuMap(BpfMap map)
    {
        bool isPerCpu = map.Shape.Type
            is BpfMapType.PerCpuHash or BpfMapType.LruPerCpuHash or BpfMapType.PerCpuArray or BpfMapType.PerCpuCgroupStorage;
        if (!isPerCpu || Unsafe.SizeOf<TKey>() != map.Shape.KeySize || Unsafe.SizeOf<TValue>() != map.Shape.ValueSize)
        {
            throw new ArgumentException(
                $"map {map.Name} ({map.Shape.Type}) has keys of {map.Shape.KeySize} and values of {map.Shape.ValueSize} bytes; "
                + $"{typeof(TKey).Name} has {Unsafe.SizeOf<TKey>()} and {typeof(TValue).Name} {Unsafe.SizeOf<TValue>()}");
        }

        _map = map;
    }

    /// <summary>
    /// How many values there are to a key: the processors that this kernel may ever have, not those that run. The n-th value is that of the
    /// n-th possible processor, whose number is higher where numbers are left out.
    /// </summary>
    public int Count { get; } = PossibleCpus.Count;

    /// <summary>Bytes from one value to the next, as the kernel lays them out.</summary>
    private static int Stride => (Unsafe.SizeOf<TValue>() + 7) & ~7;

    /// <summary>Reads all values of a key. Linux 4.6. Allocates nothing, unless a value's size is no multiple of 8 and there are many.</summary>
    /// <param name="key">The key.</param>
    /// <param name="values">Exactly <see cref="Count"/>.</param>
    /// <returns>False if there is no such key; <paramref name="values"/> are then unchanged.</returns>
    /// <exception cref="ArgumentException">There is another number of values.</exception>
    /// <exception cref="BpfException">Any other refusal.</exception>
    public bool TryLookup(in TKey key, Span<TValue> values)
    {
        CheckCount(values.Length);
        ReadOnlySpan<byte> keyBytes = MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key));
        if (Stride == Unsafe.SizeOf<TValue>())
        {
            return _map.TryLookup(keyBytes, MemoryMarshal.AsBytes(values));
        }

        int size = _map.Shape.TransferSize;
        Span<byte> raw = size <= 1024 ? stackalloc byte[1024] : new byte[size];
        if (!_map.TryLookup(keyBytes, raw[..size]))
        {
            return false;
        }

        for (int i = 0; i < values.Length; i++)
        {
            values[i] = MemoryMarshal.Read<TValue>(raw[(i * Stride)..]);
        }

        return true;
    }

    /// <summary>Writes all values of a key. Linux 4.6.</summary>
    /// <param name="key">The key.</param>
    /// <param name="values">Exactly <see cref="Count"/>.</param>
    /// <param name="flags">0 any, 1 BPF_NOEXIST, 2 BPF_EXIST.</param>
    /// <exception cref="ArgumentException">There is another number of values.</exception>
    /// <exception cref="BpfException">Refused: E2BIG full, EEXIST or ENOENT as the flags say.</exception>
    public void Update(in TKey key, ReadOnlySpan<TValue> values, ulong flags = 0)
    {
        CheckCount(values.Length);
        int size = _map.Shape.TransferSize;
        Span<byte> raw = size <= 1024 ? stackalloc byte[1024] : new byte[size];
        raw = raw[..size];
        raw.Clear();
        for (int i = 0; i < values.Length; i++)
        {
            MemoryMarshal.Write(raw[(i * Stride)..], values[i]);
        }

        _map.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)), raw, flags);
    }

    private void CheckCount(int count)
    {
        if (count != Count)
        {
            throw new ArgumentException($"there are {Count} possible processors, and so values, not {count}");
        }
    }
}
