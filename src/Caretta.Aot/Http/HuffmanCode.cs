namespace Caretta.Aot.Http;

/// <summary>A canonical prefix code over a small alphabet, as deflate defines it (RFC 1951 §3.2.2). Reusable, allocation-free.</summary>
/// <remarks>One thread at a time.</remarks>
internal sealed class HuffmanCode(int symbols, int maxBits)
{
    private const int SymbolBits = 9;

    private readonly byte[] _lengths = new byte[symbols];
    private readonly ushort[] _codes = new ushort[symbols];

    /// <summary>Bits of each symbol's code; 0 for a symbol that has none.</summary>
    public ReadOnlySpan<byte> Lengths => _lengths;

    /// <summary>Each symbol's code with its first bit lowest, the order in which deflate packs bits.</summary>
    public ReadOnlySpan<ushort> Codes => _codes;

    /// <summary>Takes the lengths as given, for example those of the fixed code (RFC 1951 §3.2.6).</summary>
    public void Assign(ReadOnlySpan<byte> lengths)
    {
        lengths.CopyTo(_lengths);
        AssignCodes();
    }

    /// <summary>
    /// Makes the code that is cheapest for <paramref name="frequencies"/> (at most a slightly dearer one when the length limit bites).
    /// A lone symbol gets one bit; without any symbol there is no code.
    /// </summary>
    public void Build(ReadOnlySpan<int> frequencies)
    {
        Array.Clear(_lengths);
        Span<uint> sorted = stackalloc uint[_lengths.Length];
        int count = 0;
        for (int symbol = 0; symbol < _lengths.Length; symbol++)
        {
            if (frequencies[symbol] > 0)
            {
                sorted[count++] = ((uint)frequencies[symbol] << SymbolBits) | (uint)symbol;
            }
        }

        sorted = sorted[..count];

        // Compiled ahead of time, a sort without a comparison makes a delegate each time.
        sorted.Sort(static (one, other) => one.CompareTo(other));
        Span<int> perLength = stackalloc int[maxBits + 1];
        perLength.Clear();
        if (count == 1)
        {
            perLength[1] = 1;
        }
        else if (count > 1)
        {
            CountLengths(sorted, perLength);
            LimitLengths(perLength);
        }

        // The rarest symbols come first and get the longest codes.
        int next = 0;
        for (int bits = maxBits; bits > 0; bits--)
        {
            for (int left = perLength[bits]; left > 0; left--)
            {
                _lengths[(int)(sorted[next++] & ((1 << SymbolBits) - 1))] = (byte)bits;
            }
        }

        AssignCodes();
    }

    /// <summary>Huffman's construction with two queues: leaves by weight, and inner nodes, which arise by weight.</summary>
    private static void CountLengths(ReadOnlySpan<uint> leaves, Span<int> perLength)
    {
        int inner = leaves.Length - 1;
        Span<long> weights = stackalloc long[inner];
        Span<int> leafParents = stackalloc int[leaves.Length];
        Span<int> innerParents = stackalloc int[inner];
        int leaf = 0;
        int oldest = 0;
        for (int node = 0; node < inner; node++)
        {
            long weight = 0;
            for (int child = 0; child < 2; child++)
            {
                bool takeLeaf = oldest >= node || (leaf < leaves.Length && (leaves[leaf] >> SymbolBits) <= weights[oldest]);
                if (takeLeaf)
                {
                    weight += leaves[leaf] >> SymbolBits;
                    leafParents[leaf++] = node;
                }
                else
                {
                    weight += weights[oldest];
                    innerParents[oldest++] = node;
                }
            }

            weights[node] = weight;
        }

        Span<int> depths = innerParents;
        depths[inner - 1] = 0;
        for (int node = inner - 2; node >= 0; node--)
        {
            depths[node] = depths[innerParents[node]] + 1;
        }

        foreach (int parent in leafParents)
        {
            perLength[Math.Min(depths[parent] + 1, perLength.Length - 1)]++;
        }
    }

    /// <summary>Lengths that were cut to the limit overfill the code space; make room by pushing shorter codes down.</summary>
    private static void LimitLengths(Span<int> perLength)
    {
        int longest = perLength.Length - 1;
        int space = 0;
        for (int bits = 1; bits <= longest; bits++)
        {
            space += perLength[bits] << (longest - bits);
        }

        for (; space > 1 << longest; space--)
        {
            int bits = longest - 1;
            while (perLength[bits] == 0)
            {
                bits--;
            }

            // One code of `bits` becomes two of one more bit; the second of them is taken by a code of the longest length.
            perLength[bits]--;
            perLength[bits + 1] += 2;
            perLength[longest]--;
        }
    }

    private void AssignCodes()
    {
        Span<int> next = stackalloc int[maxBits + 2];
        next.Clear();
        foreach (byte bits in _lengths)
        {
            next[bits + 1] += bits == 0 ? 0 : 1;
        }

        // next[n + 1] holds how many codes have n bits; turn it, from the shortest up, into the first code of n bits.
        int code = 0;
        int shorter = 0;
        for (int bits = 1; bits <= maxBits; bits++)
        {
            code = (code + shorter) << 1;
            shorter = next[bits + 1];
            next[bits] = code;
        }

        for (int symbol = 0; symbol < _lengths.Length; symbol++)
        {
            int bits = _lengths[symbol];
            _codes[symbol] = bits == 0 ? (ushort)0 : Reverse(next[bits]++, bits);
        }
    }

    private static ushort Reverse(int code, int bits)
    {
        int reversed = 0;
        for (int bit = 0; bit < bits; bit++)
        {
            reversed = (reversed << 1) | ((code >> bit) & 1);
        }

        return (ushort)reversed;
    }
}
