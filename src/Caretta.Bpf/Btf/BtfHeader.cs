using System.Buffers.Binary;

namespace Caretta.Bpf.Btf;

/// <summary>What the header of an image says, checked: where its parts are, all inside of it and in order.</summary>
/// <param name="Image">The image as little-endian bytes; a copy if it was big-endian.</param>
/// <param name="Sections">Its parts.</param>
/// <param name="IsBigEndian">Whether it was big-endian.</param>
/// <remarks>Source: <c>include/uapi/linux/btf.h, struct btf_header</c>. Headers may be longer than any known one.</remarks>
internal readonly record struct BtfHeader(ReadOnlyMemory<byte> Image, BtfSections Sections, bool IsBigEndian)
{
    /// <summary>Reads the header of <paramref name="image"/>.</summary>
    /// <param name="image">Bytes of either byte order.</param>
    /// <param name="what">Name of the image for messages.</param>
    /// <param name="isSplit">Whether it continues another image; then it may have no strings of its own.</param>
    /// <exception cref="BadImageException">It is not BTF, or its parts are not where it says.</exception>
    public static BtfHeader Read(ReadOnlyMemory<byte> image, string what, bool isSplit)
    {
        ushort magic = new SpanReader(image.Span, what).ReadU16();
        bool isBigEndian = magic == BinaryPrimitives.ReverseEndianness(BtfFormat.Magic);
        if (isBigEndian)
        {
            image = ToLittleEndian(image.Span, what);
        }
        else if (magic != BtfFormat.Magic)
        {
            throw new BadImageException($"{what}: not BTF: it starts with 0x{magic:x4}, not 0x{BtfFormat.Magic:x4}");
        }

        BtfSections sections = ReadSections(image.Span, what);
        CheckStrings(image.Span.Slice(sections.StringsStart, sections.StringsLength), sections, what, isSplit);
        return new BtfHeader(image, sections, isBigEndian);
    }

    private static BtfSections ReadSections(ReadOnlySpan<byte> bytes, string what)
    {
        SpanReader reader = new(bytes, what);
        reader.Skip(2);
        byte version = reader.ReadU8();
        if (version != 1)
        {
            throw new BadImageException($"{what}: BTF version {version} at offset 2, only 1 is known");
        }

        reader.Skip(1);     // flags: none is defined
        uint headerSize = reader.ReadU32();
        if (headerSize < BtfFormat.HeaderSize || headerSize > (uint)bytes.Length)
        {
            throw new BadImageException(
                $"{what}: header of {headerSize} bytes; it has at least {BtfFormat.HeaderSize} and the image only {bytes.Length}");
        }

        (int typesStart, int typesLength) = ReadSection(ref reader, headerSize, bytes.Length, what, "types");
        (int stringsStart, int stringsLength) = ReadSection(ref reader, headerSize, bytes.Length, what, "strings");
        (int layoutStart, int layoutLength) = headerSize >= BtfFormat.LayoutHeaderSize
            ? ReadSection(ref reader, headerSize, bytes.Length, what, "layout")
            : (0, 0);
        if (((typesStart - (int)headerSize) & 3) != 0)
        {
            throw new BadImageException($"{what}: types start at offset 0x{typesStart:x}, which is not a multiple of 4 after the header");
        }

        if (typesStart + typesLength > stringsStart)
        {
            throw new BadImageException(
                $"{what}: types end at 0x{typesStart + typesLength:x}, after the strings start at 0x{stringsStart:x}");
        }

        return new BtfSections(typesStart, typesLength, stringsStart, stringsLength, layoutStart, layoutLength);
    }

    private static (int Start, int Length) ReadSection(
        ref SpanReader reader, uint headerSize, int imageLength, string what, string section)
    {
        ulong start = (ulong)headerSize + reader.ReadU32();
        ulong length = reader.ReadU32();
        if (start + length > (ulong)imageLength)
        {
            throw new BadImageException($"{what}: {section} are {length} bytes at offset 0x{start:x}, the image has only {imageLength}");
        }

        return ((int)start, (int)length);
    }

    private static void CheckStrings(ReadOnlySpan<byte> strings, BtfSections sections, string what, bool isSplit)
    {
        if (strings.IsEmpty && isSplit)
        {
            return;
        }

        if (strings.IsEmpty || strings[^1] != 0)
        {
            throw new BadImageException(
                $"{what}: the {strings.Length} bytes of strings at 0x{sections.StringsStart:x} do not end with a NUL");
        }

        if (!isSplit && strings[0] != 0)
        {
            throw new BadImageException($"{what}: the strings at 0x{sections.StringsStart:x} do not start with the empty string");
        }
    }

    /// <summary>The header after byte 4 and all types consist of 32-bit words, so no type needs to be understood to swap it.</summary>
    private static byte[] ToLittleEndian(ReadOnlySpan<byte> bytes, string what)
    {
        byte[] copy = bytes.ToArray();
        BinaryPrimitives.WriteUInt16LittleEndian(copy, BtfFormat.Magic);
        uint headerSize = copy.Length >= 8 ? BinaryPrimitives.ReadUInt32BigEndian(copy.AsSpan(4)) : 0;
        if (headerSize < BtfFormat.HeaderSize || headerSize > (uint)copy.Length)
        {
            throw new BadImageException($"{what}: header of {headerSize} bytes in a big-endian image of {copy.Length}");
        }

        SwapWords(copy.AsSpan(4, (headerSize >= BtfFormat.LayoutHeaderSize ? BtfFormat.LayoutHeaderSize : BtfFormat.HeaderSize) - 4));
        ulong start = (ulong)headerSize + BinaryPrimitives.ReadUInt32LittleEndian(copy.AsSpan(8));
        ulong length = BinaryPrimitives.ReadUInt32LittleEndian(copy.AsSpan(12));
        if (start + length <= (ulong)copy.Length)       // else the sections are refused next
        {
            SwapWords(copy.AsSpan((int)start, (int)length));
        }

        return copy;
    }

    private static void SwapWords(Span<byte> bytes)
    {
        for (; bytes.Length >= 4; bytes = bytes[4..])
        {
            bytes[..4].Reverse();
        }
    }
}
