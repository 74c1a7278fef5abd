using System.Buffers.Binary;

namespace Caretta.Aot.Http;

/// <summary>The checksum of a gzip member: polynomial 0xEDB88320, bit-reflected (RFC 1952 §8), eight bytes per step.</summary>
internal static class Crc32
{
    private const int Row = 256;
    private static readonly uint[] Table = BuildTable();

    /// <summary>Continues <paramref name="crc"/> (0 to begin with) over <paramref name="bytes"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<uint> table = Table;
        crc = ~crc;
        while (bytes.Length >= sizeof(ulong))
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[sizeof(uint)..]);
            crc = table[(7 * Row) + (byte)low]
                ^ table[(6 * Row) + (byte)(low >> 8)]
                ^ table[(5 * Row) + (byte)(low >> 16)]
                ^ table[(4 * Row) + (byte)(low >> 24)]
                ^ table[(3 * Row) + (byte)high]
                ^ table[(2 * Row) + (byte)(high >> 8)]
                ^ table[Row + (byte)(high >> 16)]
                ^ table[(byte)(high >> 24)];
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte value in bytes)
        {
            crc = table[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return ~crc;
    }

    /// <summary>Row k holds the effect of a byte followed by k zero bytes.</summary>
    private static uint[] BuildTable()
    {
        const uint Polynomial = 0xEDB88320;
        uint[] table = new uint[8 * Row];
        for (int value = 0; value < Row; value++)
        {
            uint crc = (uint)value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ Polynomial : crc >> 1;
            }

            table[value] = crc;
        }

        for (int index = Row; index < table.Length; index++)
        {
            uint before = table[index - Row];
            table[index] = table[(byte)before] ^ (before >> 8);
        }

        return table;
    }
}
