using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Caretta.Bpf.Elf;

/// <summary>
/// The container of a BPF object: ELF64, little-endian, relocatable. Headers are checked when it is parsed, sections and symbols are views
/// over the image.
/// </summary>
/// <remarks>Immutable, so any thread may use it. Layout: <c>include/uapi/linux/elf.h</c>; numbers: <c>e_machine EM_BPF</c>.</remarks>
internal sealed class ElfFile
{
    private const ushort RelocatableFile = 1;
    private const ushort MachineNone = 0;       // LLVM before it had a number
    private const ushort MachineBpf = 247;
    private const int MaximumNameLength = 4096;
    private const ushort IndexInLink = 0xffff;  // SHN_XINDEX: the string table's index did not fit

    private readonly ReadOnlyMemory<byte> _image;
    private readonly ElfSection[] _sections;
    private readonly int _sectionNames;
    private readonly int _symbolTable;
    private readonly int _symbolNames;

    private ElfFile(ReadOnlyMemory<byte> image, string name)
    {
        _image = image;
        Name = name;
        (_sections, _sectionNames) = ReadHeaders();
        (_symbolTable, _symbolNames) = FindSymbolTable();
        SymbolCount = (int)(_sections[_symbolTable].Size / ElfSymbol.EntrySize);
        CheckNames();
    }

    /// <summary>Name of the image, for messages.</summary>
    public string Name { get; }

    /// <summary>All sections, by index; the first is the empty one.</summary>
    public ReadOnlySpan<ElfSection> Sections => _sections;

    /// <summary>Number of symbols, the empty first one included.</summary>
    public int SymbolCount { get; }

    /// <summary>Checks the headers of <paramref name="image"/>, which must not change afterwards.</summary>
    /// <exception cref="BadImageException">It is not a BPF object, a header points outside of it, or a name is not in its table.</exception>
    public static ElfFile Parse(ReadOnlyMemory<byte> image, string name) => new(image, name);

    /// <summary>The name of a section in UTF-8.</summary>
    /// <exception cref="BadImageException">The name is not inside the string table.</exception>
    public ReadOnlySpan<byte> NameOf(ElfSection section) => StringAt(_sections[_sectionNames], section.NameOffset);

    /// <summary>The name of a section as text.</summary>
    /// <exception cref="BadImageException">As for <see cref="NameOf(ElfSection)"/>.</exception>
    public string TextOf(ElfSection section) => Encoding.UTF8.GetString(NameOf(section));

    /// <summary>The name of a symbol in UTF-8; for a whole section, the section's name.</summary>
    /// <exception cref="BadImageException">The name is not inside the string table.</exception>
    public ReadOnlySpan<byte> NameOf(ElfSymbol symbol) =>
        symbol.Type == ElfSymbolType.Section && symbol.IsDefined && symbol.SectionIndex < _sections.Length
            ? NameOf(_sections[symbol.SectionIndex])
            : StringAt(_sections[_symbolNames], symbol.NameOffset);

    /// <summary>The name of a symbol as text.</summary>
    /// <exception cref="BadImageException">As for <see cref="NameOf(ElfSymbol)"/>.</exception>
    public string TextOf(ElfSymbol symbol) => Encoding.UTF8.GetString(NameOf(symbol));

    /// <summary>The bytes of a section; of a section without bytes, none.</summary>
    /// <exception cref="BadImageException">The section is compressed.</exception>
    public ReadOnlyMemory<byte> BytesOf(ElfSection section)
    {
        if (section.IsCompressed)
        {
            throw new BadImageException($"{Name}: section #{section.Index} is compressed, which is not supported");
        }

        return section.IsNoBits ? default : _image.Slice((int)section.Offset, (int)section.Size);
    }

    /// <summary>Reads the symbol at <paramref name="index"/>.</summary>
    /// <param name="index">As a relocation says it: any number.</param>
    /// <exception cref="BadImageException">There is no such symbol.</exception>
    public ElfSymbol Symbol(uint index)
    {
        if (index >= (uint)SymbolCount)
        {
            throw new BadImageException($"{Name}: symbol #{index} does not exist, the table has {SymbolCount}");
        }

        int offset = (int)_sections[_symbolTable].Offset + ((int)index * ElfSymbol.EntrySize);
        ReadOnlySpan<byte> entry = _image.Span.Slice(offset, ElfSymbol.EntrySize);
        return new ElfSymbol(
            (int)index,
            BinaryPrimitives.ReadUInt32LittleEndian(entry),
            entry[4],
            entry[5],
            BinaryPrimitives.ReadUInt16LittleEndian(entry[6..]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]));
    }

    /// <summary>Reads the relocations of one <see cref="ElfSection.Relocation"/> section in the order of the image.</summary>
    /// <exception cref="BadImageException">The section's entry size, size or links are wrong.</exception>
    public ElfRelocation[] Relocations(ElfSection section)
    {
        if (section.EntrySize != ElfRelocation.EntrySize || section.Size % ElfRelocation.EntrySize != 0)
        {
            throw new BadImageException($"{Name}: relocation section #{section.Index} has {section.Size} bytes in entries of "
                + $"{section.EntrySize}, expected entries of {ElfRelocation.EntrySize}");
        }

        if (section.Link != _symbolTable)
        {
            throw new BadImageException($"{Name}: relocation section #{section.Index} belongs to symbol table #{section.Link}, "
                + $"but the object's is #{_symbolTable}");
        }

        SpanReader reader = new(BytesOf(section).Span, Name);
        ElfRelocation[] relocations = new ElfRelocation[section.Size / ElfRelocation.EntrySize];
        for (int i = 0; i < relocations.Length; i++)
        {
            ulong offset = reader.ReadU64();
            uint type = reader.ReadU32();
            relocations[i] = new ElfRelocation(offset, reader.ReadU32(), type);
        }

        return relocations;
    }

    private (ElfSection[] Sections, int Names) ReadHeaders()
    {
        SpanReader reader = new(_image.Span, Name);
        if (!reader.Take(4).SequenceEqual("\u007fELF"u8))
        {
            throw new BadImageException($"{Name}: not an ELF file, it starts with {Convert.ToHexStringLower(_image.Span[..4])}");
        }

        byte wordSize = reader.ReadU8();
        byte byteOrder = reader.ReadU8();
        if (wordSize != 2 || byteOrder != 1)
        {
            throw new BadImageException(byteOrder == 2
                ? $"{Name}: big-endian object; only little-endian ones can be loaded (compile with -target bpfel)"
                : $"{Name}: expected a 64-bit little-endian ELF file, found class {wordSize}, data encoding {byteOrder}");
        }

        reader.Skip(10);    // version, ABI, padding
        ushort type = reader.ReadU16();
        ushort machine = reader.ReadU16();
        if (type != RelocatableFile || machine is not (MachineBpf or MachineNone))
        {
            throw new BadImageException($"{Name}: expected a relocatable BPF object (type 1, machine 247), found type {type}, machine {machine}");
        }

        reader.Skip(20);    // version, entry, program headers
        ulong tableOffset = reader.ReadU64();
        reader.Skip(10);    // flags, header size, program header size and count
        ushort entrySize = reader.ReadU16();
        ulong count = reader.ReadU16();
        uint names = reader.ReadU16();
        if (entrySize != ElfSection.HeaderSize || tableOffset == 0)
        {
            throw new BadImageException($"{Name}: section headers of {entrySize} bytes at offset 0x{tableOffset:x}, "
                + $"expected {ElfSection.HeaderSize} bytes");
        }

        // Numbers that do not fit into the file header are in the first, otherwise empty, section header.
        ElfSection first = ReadSection(reader.Slice(tableOffset, ElfSection.HeaderSize), 0);
        count = count == 0 ? first.Size : count;
        names = names == IndexInLink ? first.Link : names;
        if (count > (ulong)_image.Length / ElfSection.HeaderSize)
        {
            throw new BadImageException($"{Name}: {count} sections do not fit into {_image.Length} bytes");
        }

        ReadOnlySpan<byte> table = reader.Slice(tableOffset, count * ElfSection.HeaderSize);
        ElfSection[] sections = new ElfSection[count];
        for (int i = 0; i < sections.Length; i++)
        {
            sections[i] = ReadSection(table.Slice(i * ElfSection.HeaderSize, ElfSection.HeaderSize), i);
        }

        if (names >= count || sections[names].Type != ElfSection.StringTable)
        {
            throw new BadImageException($"{Name}: section #{names} of {count} should hold the section names and does not");
        }

        return (sections, (int)names);
    }

    private ElfSection ReadSection(ReadOnlySpan<byte> header, int index)
    {
        SpanReader reader = new(header, Name);
        uint name = reader.ReadU32();
        uint type = reader.ReadU32();
        ulong flags = reader.ReadU64();
        reader.Skip(8);     // address
        ulong offset = reader.ReadU64();
        ulong size = reader.ReadU64();
        uint link = reader.ReadU32();
        uint info = reader.ReadU32();
        reader.Skip(8);     // alignment
        ElfSection section = new(index, name, type, flags, offset, size, link, info, reader.ReadU64());

        // The first section is empty, whatever it says: its size and link may be the file header's.
        ulong length = (ulong)_image.Length;
        if (index != 0 && !section.IsNoBits && (offset > length || size > length - offset))
        {
            throw new BadImageException($"{Name}: section #{index} has {size} bytes at offset 0x{offset:x}, outside of the image's {length}");
        }

        return section;
    }

    private (int Table, int Names) FindSymbolTable()
    {
        int found = -1;
        foreach (ElfSection section in _sections.AsSpan(Math.Min(1, _sections.Length)))
        {
            switch (section.Type)
            {
                case ElfSection.SymbolTable when found >= 0:
                    throw new BadImageException($"{Name}: sections #{found} and #{section.Index} are both symbol tables");
                case ElfSection.SymbolTable:
                    found = section.Index;
                    break;
                case ElfSection.RelocationWithAddend:
                    throw new BadImageException($"{Name}: section #{section.Index} holds relocations with addends (SHT_RELA), which BPF does not use");
            }
        }

        if (found < 0)
        {
            throw new BadImageException($"{Name}: no symbol table; was the object stripped? (llvm-strip -g keeps what is needed)");
        }

        ElfSection table = _sections[found];
        if (table.EntrySize != ElfSymbol.EntrySize || table.Size % ElfSymbol.EntrySize != 0)
        {
            throw new BadImageException($"{Name}: symbol table #{found} has {table.Size} bytes in entries of {table.EntrySize}, "
                + $"expected entries of {ElfSymbol.EntrySize}");
        }

        if (table.Link >= (uint)_sections.Length || _sections[table.Link].Type != ElfSection.StringTable || table.IsCompressed)
        {
            throw new BadImageException($"{Name}: symbol table #{found} takes its names from section #{table.Link}, which is no string table");
        }

        return (found, (int)table.Link);
    }

    private void CheckNames()
    {
        NameBudget budget = new(Name, _image.Length);
        foreach (ElfSection section in _sections)
        {
            budget.Spend(NameOf(section).Length);
        }

        for (uint i = 0; i < (uint)SymbolCount; i++)
        {
            budget.Spend(NameOf(Symbol(i)).Length);
        }
    }

    private ReadOnlySpan<byte> StringAt(ElfSection table, uint offset)
    {
        ReadOnlySpan<byte> bytes = BytesOf(table).Span;
        if (offset >= (uint)bytes.Length)
        {
            ThrowStringOutside(table, offset);
        }

        ReadOnlySpan<byte> rest = bytes.Slice((int)offset, Math.Min(bytes.Length - (int)offset, MaximumNameLength));
        int length = rest.IndexOf((byte)0);
        if (length < 0)
        {
            ThrowStringOutside(table, offset);
        }

        return rest[..length];
    }

    [DoesNotReturn]
    private void ThrowStringOutside(ElfSection table, uint offset) =>
        throw new BadImageException($"{Name}: no name of at most {MaximumNameLength} bytes at offset 0x{offset:x} "
            + $"of string table #{table.Index}, which has {table.Size} bytes");
}
