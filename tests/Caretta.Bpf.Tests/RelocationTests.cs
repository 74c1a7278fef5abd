using System.Buffers.Binary;
using Caretta.Bpf.Linking;
using Xunit;

namespace Caretta.Bpf.Tests;

/// <summary>Real objects with one relocation, symbol or instruction broken at a time.</summary>
public sealed class RelocationTests
{
    [Fact]
    public void Relocation_between_instructions_is_refused() =>
        AssertRefused("relocation at offset 0xc of section xdp, where no instruction starts", "programs.bpf.o",
            image => ImageEditor.SetBytes(image, ".relxdp", 0, [0x0c]));

    [Fact]
    public void Relocation_beyond_the_section_is_refused() =>
        AssertRefused("relocation at offset 0xff08 of section xdp", "programs.bpf.o",
            image => ImageEditor.SetBytes(image, ".relxdp", 1, [0xff]));

    [Fact]
    public void Second_relocation_of_an_instruction_is_refused() =>
        AssertRefused("two relocations at offset 0x40 of section xdp", "programs.bpf.o",
            image => ImageEditor.SetBytes(image, ".relxdp", 0, [0x40]));

    [Fact]
    public void Relocation_of_an_instruction_without_operand_is_refused() =>
        AssertRefused("at an instruction that cannot have one (95 r0 r1 +0 10)", "programs.bpf.o",
            image => ImageEditor.SetBytes(image, "xdp", 8, [0x95]));

    [Fact]
    public void Relocation_in_the_second_half_of_a_wide_load_is_refused() =>
        AssertRefused("function through_callbacks, instruction 5 (offset 0x80 of section xdp): a relocation in the middle of a 64-bit immediate",
            "programs.bpf.o",
            image =>
            {
                ImageEditor.SetBytes(image, ".relxdp", 0, [0x88]);
                ImageEditor.SetBytes(image, "xdp", 8 + 1, [0]);     // what lost its relocation becomes the call of a helper
            });

    [Fact]
    public void Relocation_for_a_symbol_that_does_not_exist_is_refused() =>
        AssertRefused("symbol #16777215 does not exist", "programs.bpf.o",
            image => ImageEditor.SetBytes(image, ".relxdp", 12, [0xff, 0xff, 0xff, 0]));

    [Fact]
    public void Call_into_the_middle_of_a_function_is_refused() =>
        AssertRefused("where no function starts", "programs.bpf.o",
            image => ImageEditor.SetBytes(image, "xdp", 8 + 4, [11]));

    [Fact]
    public void Call_far_outside_of_the_section_is_refused() =>
        AssertRefused("where no function starts", "programs.bpf.o",
            image => ImageEditor.SetBytes(image, ".text", 8 + 4, [0xff, 0xff, 0xff, 0x7f]));

    [Fact]
    public void Wide_load_without_second_half_is_refused() =>
        AssertRefused("the 64-bit immediate at instruction 3 of function first (section .text) has no second half", "programs.bpf.o",
            image => ImageEditor.SetBytes(image, ".text", (11 + 3) * 8, [0x18]));

    [Fact]
    public void Function_address_without_relocation_is_refused() =>
        AssertRefused("but no relocation says to what", "data.bpf.o",
            image => ImageEditor.SetBytes(image, "xdp", 10 * 8, [0x18, 0x41]));

    /// <summary>Hand-written code may name a map by its descriptor. Whether that is one is for the kernel to judge.</summary>
    [Fact]
    public void Map_by_number_without_relocation_stays_as_it_is()
    {
        byte[] image = Fixture.Read("data.bpf.o");
        ImageEditor.SetBytes(image, "xdp", 10 * 8, [0x18, 0x11]);
        BpfObject bpf = BpfObject.Parse(image, "data.bpf.o");
        LinkedProgram linked = bpf.CreateLinker(null).Link(bpf.Programs[0]);
        Assert.Equal((0x18, 1), (linked.Instructions[10].Opcode, linked.Instructions[10].SourceRegister));
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(12ul)]
    [InlineData(1ul << 40)]
    [InlineData(ulong.MaxValue - 7)]
    public void Function_of_absurd_size_is_refused(ulong size) =>
        AssertRefused($"function first has {size} bytes at offset 0x58 of section .text", "programs.bpf.o",
            image => ImageEditor.SetSymbol(image, "first", 16, Bytes(size)));

    [Fact]
    public void Overlapping_functions_are_refused() =>
        AssertRefused("overlap", "programs.bpf.o", image => ImageEditor.SetSymbol(image, "middle", 16, Bytes(32)));

    [Fact]
    public void Undefined_symbol_without_declaration_is_refused() =>
        AssertRefused("symbol visible is undefined and the types do not say that the kernel has it", "programs.bpf.o",
            image =>
            {
                ImageEditor.SetSymbol(image, "visible", 4, [0x10]);
                ImageEditor.SetSymbol(image, "visible", 6, [0, 0]);
            });

    [Fact]
    public void Symbol_in_a_reserved_section_is_refused() =>
        AssertRefused("is in section #65521, which does not exist", "programs.bpf.o",
            image => ImageEditor.SetSymbol(image, "visible", 6, [0xf1, 0xff]));

    [Fact]
    public void Slot_outside_of_any_map_with_slots_is_refused() =>
        AssertRefused("relocation at offset 0x10 of section .maps is in no slot of a map", "maps.bpf.o",
            image => ImageEditor.SetBytes(image, ".rel.maps", 0, [0x10]));

    [Fact]
    public void Slot_between_slots_is_refused() =>
        AssertRefused("relocation at offset 0x6c of section .maps is in no slot of a map", "maps.bpf.o",
            image => ImageEditor.SetBytes(image, ".rel.maps", 0, [0x6c]));

    [Fact]
    public void Slot_with_something_else_than_a_map_is_refused() =>
        AssertRefused("a slot of map active at offset 0x68 of section .maps holds symbol tail_one (#5), expected a map", "maps.bpf.o",
            image => ImageEditor.SetBytes(image, ".rel.maps", 12, [5]));

    [Fact]
    public void Slot_with_something_else_than_a_program_is_refused() =>
        AssertRefused("a slot of map tails at offset 0xa0 of section .maps holds symbol links_a (#15), expected a program", "maps.bpf.o",
            image => ImageEditor.SetBytes(image, ".rel.maps", (2 * 16) + 12, [15]));

    [Theory]
    [InlineData(0x0, 0x00, "expected magic 0xeb9f")]
    [InlineData(0x2, 0x07, "expected magic 0xeb9f")]
    [InlineData(0x4, 0x08, "a header of at least 24 bytes")]
    [InlineData(0x7, 0x7f, "are outside of")]
    [InlineData(0x20, 0x06, "records of 6 bytes, expected a multiple of 4 that is at least 8")]
    [InlineData(0x23, 0x7f, "records of 2130706440 bytes")]
    [InlineData(0x2b, 0x7f, "records of 8 bytes for section")]
    [InlineData(0x2c, 0x01, "where no instruction starts")]
    [InlineData(0x2e, 0x01, "where no instruction starts")]
    [InlineData(0x32, 0x01, "there is no type")]
    public void Damaged_record_of_types_is_refused(int offset, byte value, string expected) =>
        AssertRefused(expected, "programs.bpf.o", image => ImageEditor.SetBytes(image, ".BTF.ext", offset, [value]));

    /// <summary>Two functions that call each other end up in the program once each; the verifier may say what it thinks of that.</summary>
    [Fact]
    public void Recursion_ends()
    {
        byte[] image = Fixture.Read("programs.bpf.o");
        ImageEditor.SetBytes(image, ".text", 12 * 8, [0x85, 0x10, 0, 0, .. BitConverter.GetBytes(8 - 12 - 1)]);

        BpfObject parsed = BpfObject.Parse(image, "recursive.o");
        LinkedProgram linked = parsed.CreateLinker(parsed.Btf).Link(parsed.Program("on_state"));

        Assert.Equal(11, linked.Instructions.Length);
        Assert.Equal(-5, linked.Instructions[8].Immediate);
    }

    /// <summary>The weak function that lost has a relocation and records of its own; nobody has its code.</summary>
    [Fact]
    public void What_is_in_a_gap_between_functions_is_skipped()
    {
        byte[] image = Fixture.Read("merged.bpf.o");
        ImageEditor.SetBytes(image, ".text", 6 * 8, [0xff]);

        BpfObject parsed = BpfObject.Parse(image, "merged.o");
        LinkedProgram linked = parsed.CreateLinker(parsed.Btf).Link(parsed.Program("weak_program"));

        Assert.Equal(["weak_program", "choose", "after", "behind"],
            linked.FunctionInfo.ToArray().Select(record => parsed.Btf![record.TypeId].NameText));
        Assert.DoesNotContain(linked.Instructions.ToArray(), instruction => instruction.Opcode == 0xff);
    }

    /// <summary>LLVM before 8 says of functions neither that they are functions nor how long they are.</summary>
    [Fact]
    public void Functions_of_old_compilers_end_where_the_next_one_starts()
    {
        byte[] image = Fixture.Read("programs.bpf.o");
        foreach (string name in (string[])["drop_all", "through_visible", "through_callbacks"])
        {
            ImageEditor.SetSymbol(image, name, 4, [0x10]);
            ImageEditor.SetSymbol(image, name, 16, Bytes(0));
        }

        BpfObject parsed = BpfObject.Parse(image, "old.o");

        Assert.Equal([7, 4, 20], parsed.Programs.Where(program => program.SectionName == "xdp").Select(program => program.InstructionCount));
    }

    /// <summary>A chain of 50,000 calls: following it must not need a stack of that depth.</summary>
    [Fact]
    public void Depth_of_calls_is_not_limited_by_the_stack()
    {
        const int Count = 50_000;
        byte[] code = new byte[Count * 16];
        for (int i = 0; i < Count; i++)
        {
            Span<byte> function = code.AsSpan(i * 16);
            function[0] = i == Count - 1 ? (byte)0xb7 : BpfInstruction.Call;
            function[1] = i == Count - 1 ? (byte)0 : (byte)0x10;
            BinaryPrimitives.WriteInt32LittleEndian(function[4..], i == Count - 1 ? 0 : 1);
            function[8] = BpfInstruction.Exit;
        }

        BpfObject parsed = BpfObject.Parse(ObjectBuilder.Build("xdp", code, 16), "deep.o");
        LinkedProgram linked = parsed.CreateLinker(null).Link(parsed.Programs[0]);

        Assert.Equal(Count * 2, linked.Instructions.Length);
    }

    private static byte[] Bytes(ulong value) => BitConverter.GetBytes(value);

    private static void AssertRefused(string expected, string name, Action<byte[]> damage)
    {
        byte[] image = Fixture.Read(name);
        damage(image);
        BadImageException e = Assert.Throws<BadImageException>(() => BpfObject.Parse(image, "bad.o"));
        Assert.StartsWith("bad.o", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }
}
