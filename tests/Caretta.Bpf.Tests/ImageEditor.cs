using System.Buffers.Binary;
using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Tests;

/// <summary>Changes single fields of an object file, to see how that is taken.</summary>
internal static class ImageEditor
{
    private const int SectionTableOffset = 0x28;

    /// <summary>Writes a 32-bit field of a section header.</summary>
    public static void SetSection(byte[] image, string name, int field, uint value)
    {
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(SectionTableOffset));
        int header = table + (Find(image, name).Index * ElfSection.HeaderSize);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(header + field), value);
    }

    /// <summary>Writes bytes into a section.</summary>
    public static void SetBytes(byte[] image, string name, int offset, ReadOnlySpan<byte> bytes) =>
        bytes.CopyTo(image.AsSpan((int)Find(image, name).Offset + offset));

    /// <summary>Writes into the entry of a symbol: 4 info, 5 visibility, 6 section, 8 value, 16 size.</summary>
    public static void SetSymbol(byte[] image, string name, int field, ReadOnlySpan<byte> bytes)
    {
        ElfFile file = ElfFile.Parse(image.ToArray(), "edited");
        for (uint i = 1; i < (uint)file.SymbolCount; i++)
        {
            if (file.TextOf(file.Symbol(i)) == name && file.Symbol(i).Type != ElfSymbolType.Section)
            {
                SetBytes(image, ".symtab", ((int)i * ElfSymbol.EntrySize) + field, bytes);
                return;
            }
        }

        throw new ArgumentException($"no symbol {name}");
    }

    public static ElfSection Find(byte[] image, string name)
    {
        ElfFile file = ElfFile.Parse(image.ToArray(), "edited");
        foreach (ElfSection section in file.Sections)
        {
            if (file.TextOf(section) == name)
            {
                return section;
            }
        }

        throw new ArgumentException($"no section {name}");
    }
}
