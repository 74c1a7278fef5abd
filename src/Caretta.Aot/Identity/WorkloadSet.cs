namespace Caretta.Aot.Identity;

/// <summary>A set of workload numbers, one bit each. Its storage is used again. Poll thread only.</summary>
internal sealed class WorkloadSet
{
    private ulong[] _bits = [];

    /// <summary>Empties the set.</summary>
    public void Clear() => Array.Clear(_bits);

    /// <summary>Adds a number; negative ones stand for no workload and are left out.</summary>
    public void Add(int workload)
    {
        if (workload < 0)
        {
            return;
        }

        int word = workload >> 6;
        if (word >= _bits.Length)
        {
            Array.Resize(ref _bits, Math.Max(word + 1, _bits.Length * 2));
        }

        _bits[word] |= 1ul << (workload & 63);
    }

    /// <summary>Whether a number is in it.</summary>
    public bool Contains(int workload)
    {
        int word = workload >> 6;
        return (uint)word < (uint)_bits.Length && (_bits[word] >> (workload & 63) & 1) != 0;
    }
}
