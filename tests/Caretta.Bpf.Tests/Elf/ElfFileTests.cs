using System.Buffers.Binary;
using Caretta.Bpf.Elf;
using Xunit;

namespace Caretta.Bpf.Tests.Elf;

/// <summary>A real object with one field broken at a time. Offsets are those of <c>struct elf64_hdr</c> and <c>struct elf64_shdr</c>.</summary>
public sealed class ElfFileTests
{
    private const int SectionTableOffset = 0x28;
    private const int SectionCount = 0x3c;
    private const int SectionNames = 0x3e;
    private readonly byte[] _image = Fixture.Read("data.bpf.o");

    [Fact]
    public void Sections_and_symbols_have_their_names()
    {
        ElfFile file = ElfFile.Parse(_image, "data.bpf.o");

        Assert.Contains(".rodata.str1.1", Names(file));
        Assert.Contains("license", Names(file));
        Assert.Equal(24, file.SymbolCount);
        Assert.Contains("read_all.calls", Enumerable.Range(0, file.SymbolCount).Select(i => file.TextOf(file.Symbol((uint)i))));
    }

    [Fact]
    public void Symbol_of_a_section_has_the_name_of_the_section()
    {
        ElfFile file = ElfFile.Parse(_image, "data.bpf.o");
        ElfSymbol symbol = Enumerable.Range(1, file.SymbolCount - 1).Select(i => file.Symbol((uint)i))
            .First(candidate => candidate.Type == ElfSymbolType.Section);

        Assert.Equal("xdp", file.TextOf(symbol));
    }

    [Fact]
    public void Text_that_is_no_ELF_file_is_refused() =>
        AssertRefused("not an ELF file, it starts with 23212f62", "#!/bin/sh and more"u8.ToArray());

    [Fact]
    public void Empty_image_is_refused() => AssertRefused("need 4 bytes at offset 0x0, only 0 left", []);

    [Fact]
    public void Big_endian_object_is_named_as_such() => AssertRefused("big-endian", With(5, 2));

    [Fact]
    public void Object_for_another_machine_is_refused() => AssertRefused("found type 1, machine 62", With(18, 62));

    [Fact]
    public void Executable_is_refused() => AssertRefused("found type 2", With(16, 2));

    [Fact]
    public void Object_of_old_LLVM_without_a_machine_is_read() => ElfFile.Parse(With(18, 0), "old.o");

    [Fact]
    public void Sections_beyond_the_image_are_refused()
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_image.AsSpan(SectionTableOffset), ulong.MaxValue - 8);

        AssertRefused("64 bytes at offset 0xfffffffffffffff7", _image);
    }

    [Fact]
    public void Count_of_sections_may_be_in_the_first_section()
    {
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(_image.AsSpan(SectionTableOffset));
        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(_image.AsSpan(SectionCount));
        ushort names = BinaryPrimitives.ReadUInt16LittleEndian(_image.AsSpan(SectionNames));
        BinaryPrimitives.WriteUInt16LittleEndian(_image.AsSpan(SectionCount), 0);
        BinaryPrimitives.WriteUInt16LittleEndian(_image.AsSpan(SectionNames), 0xffff);
        BinaryPrimitives.WriteUInt64LittleEndian(_image.AsSpan(table + 0x20), count);
        BinaryPrimitives.WriteUInt32LittleEndian(_image.AsSpan(table + 0x28), names);

        Assert.Equal(count, ElfFile.Parse(_image, "many.o").Sections.Length);
    }

    [Fact]
    public void Absurd_count_of_sections_is_refused_before_anything_is_allocated()
    {
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(_image.AsSpan(SectionTableOffset));
        BinaryPrimitives.WriteUInt16LittleEndian(_image.AsSpan(SectionCount), 0);
        BinaryPrimitives.WriteUInt64LittleEndian(_image.AsSpan(table + 0x20), 1UL << 60);

        AssertRefused("1152921504606846976 sections do not fit", _image);
    }

    [Fact]
    public void Object_without_symbols_says_how_to_strip()
    {
        SetSection(".symtab", 4, ElfSection.ProgramBits);

        AssertRefused("no symbol table; was the object stripped?", _image);
    }

    [Fact]
    public void Two_symbol_tables_are_refused()
    {
        SetSection("license", 4, ElfSection.SymbolTable);

        AssertRefused("are both symbol tables", _image);
    }

    [Fact]
    public void Relocations_with_addend_are_refused()
    {
        SetSection(".relxdp", 4, ElfSection.RelocationWithAddend);

        AssertRefused("SHT_RELA", _image);
    }

    [Fact]
    public void Symbols_of_32_bit_objects_are_refused()
    {
        SetSection(".symtab", 0x38, 16);

        AssertRefused("entries of 16, expected entries of 24", _image);
    }

    [Fact]
    public void Relocations_of_another_size_are_refused()
    {
        SetSection(".relxdp", 0x38, 0);

        AssertRefused("in entries of 0, expected entries of 16", _image);
    }

    [Fact]
    public void Compressed_section_is_refused_when_its_bytes_are_wanted()
    {
        SetSection("license", 8, 0x800);

        AssertRefused("is compressed", _image);
    }

    [Fact]
    public void Name_outside_of_the_string_table_is_refused()
    {
        SetSection("license", 0, 0x00ffffff);

        AssertRefused("no name of at most 4096 bytes at offset 0xffffff", _image);
    }

    [Fact]
    public void Symbol_that_does_not_exist_is_refused()
    {
        ElfFile file = ElfFile.Parse(_image, "data.bpf.o");

        Assert.Throws<BadImageException>(() => file.Symbol(24));
        Assert.Throws<BadImageException>(() => file.Symbol(uint.MaxValue));
    }

    private static List<string> Names(ElfFile file)
    {
        List<string> names = [];
        foreach (ElfSection section in file.Sections)
        {
            names.Add(file.TextOf(section));
        }

        return names;
    }

    private byte[] With(int offset, byte value)
    {
        _image[offset] = value;
        return _image;
    }

    private void SetSection(string name, int field, uint value) => ImageEditor.SetSection(_image, name, field, value);

    private static void AssertRefused(string expected, byte[] image)
    {
        BadImageException e = Assert.Throws<BadImageException>(() => BpfObject.Parse(image, "bad.o"));
        Assert.StartsWith("bad.o: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }
}
