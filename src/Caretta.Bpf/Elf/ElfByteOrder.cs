using System.Buffers.Binary;

namespace Caretta.Bpf.Elf;

/// <summary>
/// Turns a big-endian BPF object into a little-endian one that means the same: headers, symbols, relocations, instructions and
/// <c>.BTF.ext</c>. Variables stay as they are, for nobody but the program knows what their bytes mean; <c>.BTF</c> says its byte order itself.
/// </summary>
/// <remarks>For inspection on another machine than the one the object is for; no kernel takes it from here.</remarks>
internal static class ElfByteOrder
{
    private const int FileHeaderSize = 64;
    private const int MaximumRatio = 4;         // sections of a sound object do not overlap

    /// <summary>Whether an image says that it is a big-endian ELF64 file.</summary>
    public static bool IsBigEndian(ReadOnlySpan<byte> image) =>
        image.Length >= FileHeaderSize && image.StartsWith("\u007fELF"u8) && image[4] == 2 && image[5] == 2;

    /// <summary>Converts a copy.</summary>
    /// <param name="image">An image that <see cref="IsBigEndian"/>.</param>
    /// <param name="name">Name of the image for messages.</param>
    /// <exception cref="BadImageException">The section headers are not inside of the image, or sections overlap absurdly.</exception>
    public static byte[] ToLittleEndian(ReadOnlySpan<byte> image, string name)
    {
        byte[] result = image.ToArray();
        result[5] = 1;
        Swap(result.AsSpan(16), [2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2]);
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(result.AsSpan(40));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(result.AsSpan(60));
        int names = BinaryPrimitives.ReadUInt16LittleEndian(result.AsSpan(62));
        if (table > (ulong)result.Length || (ulong)result.Length - table < (ulong)count * ElfSection.HeaderSize || names >= count)
        {
            throw new BadImageException($"{name}: big-endian object: {count} section headers at offset 0x{table:x}, the names in #{names}, do not fit into "
                + $"{result.Length} bytes");
        }

        // Read before anything is converted: a hostile table may lie over the headers themselves.
        Section[] sections = new Section[count];
        for (int i = 0; i < count; i++)
        {
            sections[i] = Section.Read(image.Slice((int)table + (i * ElfSection.HeaderSize), ElfSection.HeaderSize), image.Length);
            Swap(result.AsSpan((int)table + (i * ElfSection.HeaderSize), ElfSection.HeaderSize), [4, 4, 8, 8, 8, 8, 4, 4, 8, 8]);
        }

        long converted = 0;
        foreach (Section section in sections)
        {
            Span<byte> bytes = result.AsSpan(section.Offset, section.Size);
            converted += bytes.Length;
            if (converted > (long)image.Length * MaximumRatio)
            {
                throw new BadImageException($"{name}: its sections have more than {MaximumRatio} times the bytes of the image");
            }

            Convert(bytes, section, sections[names].NameAt(image, section.NameOffset));
        }

        return result;
    }

    private static void Convert(Span<byte> bytes, Section section, ReadOnlySpan<byte> name)
    {
        switch (section.Type)
        {
            case ElfSection.SymbolTable:
                Repeat(bytes, ElfSymbol.EntrySize, [4, 1, 1, 2, 8, 8]);
                break;
            case ElfSection.Relocation:
                Repeat(bytes, ElfRelocation.EntrySize, [8, 8]);
                break;
            case ElfSection.ProgramBits when section.IsExecutable:
                Repeat(bytes, BpfInstruction.Size, [1, 1, 2, 4]);
                for (int i = 1; i < bytes.Length; i += BpfInstruction.Size)
                {
                    bytes[i] = (byte)((bytes[i] << 4) | (bytes[i] >> 4));      // the registers are bit fields
                }

                break;
            case ElfSection.ProgramBits when name.SequenceEqual(".BTF.ext"u8) && bytes.Length >= 4:
                Swap(bytes, [2, 1, 1]);
                Repeat(bytes[4..], 4, [4]);
                break;
            case ElfSection.ProgramBits when name.SequenceEqual("maps"u8):
                Repeat(bytes, 4, [4]);
                break;
            default:
                break;
        }
    }

    private static void Repeat(Span<byte> bytes, int size, ReadOnlySpan<byte> fields)
    {
        for (; bytes.Length >= size; bytes = bytes[size..])
        {
            Swap(bytes, fields);
        }
    }

    private static void Swap(Span<byte> bytes, ReadOnlySpan<byte> fields)
    {
        int at = 0;
        foreach (byte size in fields)
        {
            bytes.Slice(at, size).Reverse();
            at += size;
        }
    }

    private readonly record struct Section(uint NameOffset, uint Type, bool IsExecutable, int Offset, int Size)
    {
        public static Section Read(ReadOnlySpan<byte> header, int imageLength)
        {
            ulong offset = BinaryPrimitives.ReadUInt64BigEndian(header[24..]);
            ulong size = BinaryPrimitives.ReadUInt64BigEndian(header[32..]);
            uint type = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);

            // What is not in the image is nobody's to convert; the reader of the result refuses it.
            bool isInside = type != ElfSection.NoBits && offset <= (ulong)imageLength && size <= (ulong)imageLength - offset;
            return new Section(
                BinaryPrimitives.ReadUInt32BigEndian(header), type, (BinaryPrimitives.ReadUInt64BigEndian(header[8..]) & 4) != 0,
                isInside ? (int)offset : 0, isInside ? (int)size : 0);
        }

        public ReadOnlySpan<byte> NameAt(ReadOnlySpan<byte> image, uint offset)
        {
            ReadOnlySpan<byte> rest = offset < (uint)Size ? image.Slice(Offset + (int)offset, Math.Min(Size - (int)offset, 16)) : default;
            int end = rest.IndexOf((byte)0);
            return end < 0 ? default : rest[..end];
        }
    }
}
