using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace Caretta.Aot.Http;

/// <summary>
/// Gathers literals and matches and writes them as one deflate block (RFC 1951 §3.2) with whichever is smaller of a code made for the
/// block and the fixed code. Reusable; allocates only when made. One thread at a time.
/// </summary>
internal sealed class DeflateBlock
{
    /// <summary>Literals and matches that one block holds.</summary>
    public const int Capacity = 8192;

    /// <summary>Shortest and longest match that deflate can say, in bytes.</summary>
    public const int MinMatch = 3;

    /// <inheritdoc cref="MinMatch"/>
    public const int MaxMatch = 258;

    private const int EndOfBlock = 256;
    private const int FirstLength = 257;
    private const int LiteralSymbols = 286;
    private const int DistanceSymbols = 30;
    private const int CodeLengthSymbols = 19;
    private const int LengthBitsInToken = 9;

    // A block's head: up to 3 + 14 + 19 * 3 bits and 316 lengths of at most 7 + 7 bits. A token: at most 15 + 5 + 15 + 13 bits.
    private const int HeadBytes = 640;
    private const int BitsPerByte = 8;

    private static readonly HuffmanCode FixedLiterals = MakeFixedLiterals();
    private static readonly HuffmanCode FixedDistances = MakeFixedDistances();

    private readonly uint[] _tokens = new uint[Capacity];
    private readonly int[] _literalCounts = new int[LiteralSymbols];
    private readonly int[] _distanceCounts = new int[DistanceSymbols];
    private readonly int[] _lengthCounts = new int[CodeLengthSymbols];
    private readonly HuffmanCode _literals = new(LiteralSymbols, 15);
    private readonly HuffmanCode _distances = new(DistanceSymbols, 15);
    private readonly HuffmanCode _lengths = new(CodeLengthSymbols, 7);
    private readonly ushort[] _runs = new ushort[LiteralSymbols + DistanceSymbols];
    private int _count;
    private int _runCount;
    private ulong _bits;
    private int _bitCount;

    /// <summary>Order in which the lengths of the code-length code are sent (RFC 1951 §3.2.7).</summary>
    private static ReadOnlySpan<byte> CodeLengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    /// <summary>Whether the block must be written before more is added.</summary>
    public bool IsFull => _count == Capacity;

    /// <summary>Forgets everything, bits waiting for a full byte included: the next block begins a new stream.</summary>
    public void Reset()
    {
        Empty();
        _bits = 0;
        _bitCount = 0;
    }

    /// <summary>Adds one byte as it is. Not when <see cref="IsFull"/>.</summary>
    public void AddLiteral(byte value)
    {
        _tokens[_count++] = value;
        _literalCounts[value]++;
    }

    /// <summary>
    /// Adds "repeat <paramref name="length"/> bytes from <paramref name="distance"/> bytes ago" (3 to 258, 1 to 32768).
    /// Not when <see cref="IsFull"/>.
    /// </summary>
    public void AddMatch(int length, int distance)
    {
        _tokens[_count++] = ((uint)distance << LengthBitsInToken) | (uint)length;
        _literalCounts[LengthSymbol(length, out _)]++;
        _distanceCounts[DistanceSymbol(distance, out _)]++;
    }

    /// <summary>Writes the block and empties it. The last one of a stream also fills up its last byte with zero bits.</summary>
    public void Write(IBufferWriter<byte> output, bool last)
    {
        _literalCounts[EndOfBlock] = 1;
        _literals.Build(_literalCounts);
        _distances.Build(_distanceCounts);
        int literalLengths = LastUsed(_literals.Lengths, FirstLength);
        int distanceLengths = LastUsed(_distances.Lengths, 1);
        GatherRuns(literalLengths, distanceLengths);
        _lengths.Build(_lengthCounts);
        int orderLengths = CodeLengthSymbols;
        while (orderLengths > 4 && _lengths.Lengths[CodeLengthOrder[orderLengths - 1]] == 0)
        {
            orderLengths--;
        }

        long headBits = 14 + (3 * orderLengths) + RunBits();
        long ownBits = headBits + Cost(_literals, _distances);
        long fixedBits = Cost(FixedLiterals, FixedDistances);
        bool own = ownBits < fixedBits;
        int bytes = (int)(Math.Min(ownBits, fixedBits) / BitsPerByte) + (2 * sizeof(ulong));
        Span<byte> target = output.GetSpan(Math.Max(bytes, HeadBytes));
        int written = 0;
        Put(last ? 1u : 0, 1);
        Put(own ? 2u : 1, 2);
        if (own)
        {
            WriteCodes(target, ref written, literalLengths, distanceLengths, orderLengths);
        }

        WriteTokens(target, ref written, own ? _literals : FixedLiterals, own ? _distances : FixedDistances);
        if (last)
        {
            _bitCount = (_bitCount + BitsPerByte - 1) & -BitsPerByte;
            Flush(target, ref written);
        }

        output.Advance(written);
        Empty();
    }

    private void Empty()
    {
        _count = 0;
        Array.Clear(_literalCounts);
        Array.Clear(_distanceCounts);
    }

    private void WriteTokens(Span<byte> target, ref int written, HuffmanCode literals, HuffmanCode distances)
    {
        ReadOnlySpan<byte> literalBits = literals.Lengths;
        ReadOnlySpan<ushort> literalCodes = literals.Codes;
        ReadOnlySpan<byte> distanceBits = distances.Lengths;
        ReadOnlySpan<ushort> distanceCodes = distances.Codes;
        foreach (uint token in _tokens.AsSpan(0, _count))
        {
            int length = (int)(token & ((1 << LengthBitsInToken) - 1));
            int distance = (int)(token >> LengthBitsInToken);
            if (distance == 0)
            {
                Put(literalCodes[length], literalBits[length]);
            }
            else
            {
                int symbol = LengthSymbol(length, out int extraBits);
                Put(literalCodes[symbol], literalBits[symbol]);
                Put((uint)(length - MinMatch) & ((1u << extraBits) - 1), extraBits);
                symbol = DistanceSymbol(distance, out extraBits);
                Put(distanceCodes[symbol], distanceBits[symbol]);
                Put((uint)(distance - 1) & ((1u << extraBits) - 1), extraBits);
            }

            Flush(target, ref written);
        }

        Put(literalCodes[EndOfBlock], literalBits[EndOfBlock]);
        Flush(target, ref written);
    }

    private void WriteCodes(Span<byte> target, ref int written, int literalLengths, int distanceLengths, int orderLengths)
    {
        Put((uint)(literalLengths - FirstLength), 5);
        Put((uint)(distanceLengths - 1), 5);
        Put((uint)(orderLengths - 4), 4);
        Flush(target, ref written);
        foreach (byte symbol in CodeLengthOrder[..orderLengths])
        {
            Put(_lengths.Lengths[symbol], 3);
            Flush(target, ref written);
        }

        foreach (ushort run in _runs.AsSpan(0, _runCount))
        {
            int symbol = run & 31;
            Put(_lengths.Codes[symbol], _lengths.Lengths[symbol]);
            Put((uint)run >> 5, RunExtraBits(symbol));
            Flush(target, ref written);
        }
    }

    /// <summary>Writes both codes' lengths as runs (RFC 1951 §3.2.7): a symbol in the low 5 bits, its extra bits above.</summary>
    private void GatherRuns(int literalLengths, int distanceLengths)
    {
        Span<byte> all = stackalloc byte[LiteralSymbols + DistanceSymbols];
        _literals.Lengths[..literalLengths].CopyTo(all);
        _distances.Lengths[..distanceLengths].CopyTo(all[literalLengths..]);
        all = all[..(literalLengths + distanceLengths)];
        Array.Clear(_lengthCounts);
        _runCount = 0;
        while (!all.IsEmpty)
        {
            byte length = all[0];
            int same = all.IndexOfAnyExcept(length);
            same = same < 0 ? all.Length : same;
            int taken;
            if (length == 0 && same >= 3)
            {
                taken = Math.Min(same, 138);
                AddRun(taken < 11 ? 17 : 18, taken - (taken < 11 ? 3 : 11));
            }
            else
            {
                AddRun(length, 0);
                taken = 1;
                if (length != 0 && same >= 4)
                {
                    int repeats = Math.Min(same - 1, 6);
                    AddRun(16, repeats - 3);
                    taken += repeats;
                }
            }

            all = all[taken..];
        }
    }

    private void AddRun(int symbol, int extra)
    {
        _runs[_runCount++] = (ushort)(symbol | (extra << 5));
        _lengthCounts[symbol]++;
    }

    private long RunBits()
    {
        long bits = 0;
        for (int symbol = 0; symbol < CodeLengthSymbols; symbol++)
        {
            bits += (long)_lengthCounts[symbol] * (_lengths.Lengths[symbol] + RunExtraBits(symbol));
        }

        return bits;
    }

    private static int RunExtraBits(int symbol) => symbol switch { 16 => 2, 17 => 3, 18 => 7, _ => 0 };

    private long Cost(HuffmanCode literals, HuffmanCode distances)
    {
        long bits = 3;
        for (int symbol = 0; symbol < LiteralSymbols; symbol++)
        {
            bits += (long)_literalCounts[symbol] * (literals.Lengths[symbol] + LengthExtraBits(symbol));
        }

        for (int symbol = 0; symbol < DistanceSymbols; symbol++)
        {
            bits += (long)_distanceCounts[symbol] * (distances.Lengths[symbol] + Math.Max(0, (symbol >> 1) - 1));
        }

        return bits;
    }

    private static int LengthExtraBits(int symbol) =>
        symbol is < FirstLength + 8 or LiteralSymbols - 1 ? 0 : ((symbol - FirstLength) >> 2) - 1;

    private static int LastUsed(ReadOnlySpan<byte> lengths, int least) => Math.Max(least, lengths.LastIndexOfAnyExcept((byte)0) + 1);

    /// <summary>RFC 1951 §3.2.5: eight single lengths, then groups of four symbols that double in width; 258 has its own again.</summary>
    private static int LengthSymbol(int length, out int extraBits)
    {
        int value = length - MinMatch;
        extraBits = 0;
        if (value < 8)
        {
            return FirstLength + value;
        }

        if (length == MaxMatch)
        {
            return LiteralSymbols - 1;
        }

        int log = BitOperations.Log2((uint)value);
        extraBits = log - 2;
        return FirstLength + (4 * (log - 1)) + ((value >> extraBits) & 3);
    }

    /// <summary>RFC 1951 §3.2.5: four distances of their own, then groups of two symbols that double in width.</summary>
    private static int DistanceSymbol(int distance, out int extraBits)
    {
        int value = distance - 1;
        extraBits = 0;
        if (value < 4)
        {
            return value;
        }

        int log = BitOperations.Log2((uint)value);
        extraBits = log - 1;
        return (2 * log) + ((value >> extraBits) & 1);
    }

    private void Put(uint value, int bits)
    {
        _bits |= (ulong)value << _bitCount;
        _bitCount += bits;
    }

    /// <summary>Moves full bytes out; at most seven bits stay behind, which leaves room for any token.</summary>
    private void Flush(Span<byte> target, ref int written)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target[written..], _bits);
        int bytes = _bitCount / BitsPerByte;
        written += bytes;
        _bits >>= bytes * BitsPerByte;
        _bitCount -= bytes * BitsPerByte;
    }

    private static HuffmanCode MakeFixedLiterals()
    {
        // Symbols 286 and 287 never occur in a stream but have codes: without them the nine-bit codes would begin too early.
        byte[] lengths = new byte[LiteralSymbols];
        lengths.AsSpan(0, 144).Fill(8);
        lengths.AsSpan(144, 112).Fill(9);
        lengths.AsSpan(256, 24).Fill(7);
        lengths.AsSpan(280).Fill(8);
        HuffmanCode code = new(288, 9);
        code.Assign([.. lengths, 8, 8]);
        return code;
    }

    private static HuffmanCode MakeFixedDistances()
    {
        byte[] lengths = new byte[DistanceSymbols];
        lengths.AsSpan().Fill(5);
        HuffmanCode code = new(DistanceSymbols, 5);
        code.Assign(lengths);
        return code;
    }
}
