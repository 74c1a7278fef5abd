using System.Buffers.Binary;
using System.Text;

namespace Caretta.Bpf.Elf;

/// <summary>Finds one section of an ELF64 file of any type, machine and byte order: a kernel, a module, an object.</summary>
internal static class ElfSectionFinder
{
    private const int FileHeaderSize = 64;
    private const uint IndexInLink = 0xffff;

    /// <summary>The bytes of the first section called <paramref name="name"/>.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">Name of the section.</param>
    /// <param name="fileName">Name of the file for messages.</param>
    /// <exception cref="BadImageException">The file is no such ELF file, is malformed, or has no such section with bytes.</exception>
    public static ReadOnlyMemory<byte> Find(ReadOnlyMemory<byte> file, ReadOnlySpan<byte> name, string fileName)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        if (bytes.Length < FileHeaderSize || bytes[4] != 2 || bytes[5] is not (1 or 2))
        {
            throw new BadImageException($"{fileName}: not a 64-bit ELF file");
        }

        bool isBig = bytes[5] == 2;
        ulong table = U64(bytes[40..], isBig);
        uint count = U16(bytes[60..], isBig);
        uint names = U16(bytes[62..], isBig);
        if (U16(bytes[58..], isBig) != ElfSection.HeaderSize || table > (ulong)bytes.Length
            || (ulong)bytes.Length - table < ElfSection.HeaderSize)
        {
            throw new BadImageException($"{fileName}: no section headers at offset 0x{table:x} of {bytes.Length} bytes");
        }

        // Numbers that do not fit into the file header are in the first section's.
        ReadOnlySpan<byte> headers = bytes[(int)table..];
        ulong all = count != 0 ? count : U64(headers[32..], isBig);
        names = names != IndexInLink ? names : U32(headers[40..], isBig);
        if (all > (ulong)headers.Length / ElfSection.HeaderSize || names >= all)
        {
            throw new BadImageException($"{fileName}: {all} section headers, the names in #{names}, do not fit into {bytes.Length} bytes");
        }

        ReadOnlySpan<byte> texts = BytesOf(file, headers, (int)names, isBig, fileName).Span;
        for (int i = 1; i < (int)all; i++)
        {
            uint nameOffset = U32(headers[(i * ElfSection.HeaderSize)..], isBig);
            if (nameOffset < (uint)texts.Length && texts[(int)nameOffset..].StartsWith(name)
                && texts.Length > (int)nameOffset + name.Length && texts[(int)nameOffset + name.Length] == 0)
            {
                return BytesOf(file, headers, i, isBig, fileName);
            }
        }

        throw new BadImageException($"{fileName}: no section {Encoding.UTF8.GetString(name)}");
    }

    private static ReadOnlyMemory<byte> BytesOf(ReadOnlyMemory<byte> file, ReadOnlySpan<byte> headers, int index, bool isBig, string fileName)
    {
        ReadOnlySpan<byte> header = headers.Slice(index * ElfSection.HeaderSize, ElfSection.HeaderSize);
        uint type = U32(header[4..], isBig);
        ulong flags = U64(header[8..], isBig);
        ulong offset = U64(header[24..], isBig);
        ulong size = U64(header[32..], isBig);
        ulong length = (ulong)file.Length;
        if (type == ElfSection.NoBits || (flags & ElfSection.CompressedFlag) != 0 || offset > length || size > length - offset)
        {
            throw new BadImageException($"{fileName}: section #{index} has no plain bytes in the file ({size} at offset 0x{offset:x})");
        }

        return file.Slice((int)offset, (int)size);
    }

    private static uint U16(ReadOnlySpan<byte> bytes, bool isBig) =>
        isBig ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint U32(ReadOnlySpan<byte> bytes, bool isBig) =>
        isBig ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static ulong U64(ReadOnlySpan<byte> bytes, bool isBig) =>
        isBig ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
}
