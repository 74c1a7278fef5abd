using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Tests.Btf;
using Xunit;

namespace Caretta.Bpf.Tests.CoreRelocation;

public sealed class CorePatcherTests
{
    private static readonly BpfInstruction Poison = new(BpfInstruction.Call, immediate: 195896080);
    private static readonly BtfTypes Types = new BtfBuilder().ToTypes();
    private static readonly CoreRelocationRecord First = new(0, 0, 0, CoreRelocationKind.FieldByteOffset);

    [Theory]
    [InlineData(0xb7)]  // r1 = 8
    [InlineData(0x07)]  // r1 += 8
    [InlineData(0xb4)]  // w1 = 8
    public void Arithmetic_takes_the_value_as_its_constant(byte opcode)
    {
        BpfInstruction[] code = [new(opcode, 1, immediate: 8)];
        Apply(code, new CoreFixup { LocalValue = 8, Value = 24, IsLocalValueCertain = true });
        Assert.Equal(new BpfInstruction(opcode, 1, immediate: 24), code[0]);
    }

    [Theory]
    [InlineData(0x79, 8, 4, 0x61)]  // r1 = *(u64 *)
    [InlineData(0x61, 4, 8, 0x79)]
    [InlineData(0x61, 4, 2, 0x69)]
    [InlineData(0x69, 2, 1, 0x71)]
    [InlineData(0x7b, 8, 1, 0x73)]  // *(u64 *) = r2
    [InlineData(0x7a, 8, 2, 0x6a)]  // *(u64 *) = 5
    [InlineData(0x81, 4, 2, 0x89)]  // r1 = *(s32 *): the mode stays
    public void Loads_and_stores_take_the_value_as_offset_and_the_width_of_the_field(byte opcode, uint from, uint to, byte expected)
    {
        BpfInstruction[] code = [new(opcode, 1, 2, 8, 5)];
        Apply(code, new CoreFixup { LocalValue = 8, Value = 16, IsLocalValueCertain = true, LocalSize = from, TargetSize = to, CanResize = true });
        Assert.Equal(new BpfInstruction(expected, 1, 2, 16, 5), code[0]);
    }

    [Fact]
    public void A_load_that_cannot_change_its_width_is_poisoned_but_an_address_is_not()
    {
        CoreFixup fixup = new() { LocalValue = 8, Value = 16, IsLocalValueCertain = true, LocalSize = 4, TargetSize = 8 };
        BpfInstruction[] code = [new(0x61, 1, 2, 8)];
        Apply(code, fixup);
        Assert.Equal(Poison, code[0]);

        code = [new(0xb7, 1, immediate: 8)];
        Apply(code, fixup);
        Assert.Equal(16, code[0].Immediate);
    }

    [Fact]
    public void A_wide_immediate_takes_64_bits()
    {
        BpfInstruction[] code = [new(0x18, 3, immediate: 7), default];
        Apply(code, new CoreFixup { LocalValue = 7, Value = 0x1234_5678_9abc_def0, IsLocalValueCertain = true });
        Assert.Equal([new(0x18, 3, immediate: unchecked((int)0x9abc_def0)), new(0, immediate: 0x1234_5678)], code);
    }

    [Fact]
    public void Poison_replaces_both_halves_of_a_wide_immediate_and_nothing_else()
    {
        BpfInstruction exit = new(BpfInstruction.Exit);
        BpfInstruction[] code = [new(0x18, 3, immediate: 7), default, exit];
        Apply(code, new CoreFixup { IsPoisoned = true });
        Assert.Equal([Poison, Poison, exit], code);

        code = [new(0x79, 3, 1), exit];
        Apply(code, new CoreFixup { IsPoisoned = true });
        Assert.Equal([Poison, exit], code);
    }

    [Fact]
    public void A_negative_value_written_by_an_old_compiler_keeps_its_sign()
    {
        // Neither side marks signed enumerations, but the compiler's own upper half tells.
        BpfInstruction[] code = [new(0x18, 1, immediate: -40), new(0, immediate: -1)];
        CoreFixup unknown = new() { IsLocalSignUnknown = true, IsSignUnknown = true, IsLocalValueCertain = true };
        Apply(code, unknown with { LocalValue = 0xffff_ffd8, Value = 0xffff_ffda });
        Assert.Equal([new(0x18, 1, immediate: -38), new(0, immediate: -1)], code);

        code = [new(0x18, 1, immediate: int.MinValue), default];
        Apply(code, unknown with { LocalValue = 0x8000_0000, Value = 0xc000_0000 });
        Assert.Equal([new(0x18, 1, immediate: unchecked((int)0xc000_0000)), default], code);
    }

    [Fact]
    public void An_instruction_that_does_not_hold_the_compilers_value_is_refused()
    {
        CoreFixup fixup = new() { LocalValue = 8, Value = 16, IsLocalValueCertain = true };
        AssertRefused([new(0xb7, 1, immediate: 9)], fixup, "holds 9");
        AssertRefused([new(0x79, 1, 2, 9)], fixup, "holds 9");
        AssertRefused([new(0x18, 1, immediate: 8), new(0, immediate: 1)], fixup, "holds 4294967304");

        BpfInstruction[] code = [new(0xb7, 1, immediate: 9)];
        Apply(code, fixup with { IsLocalValueCertain = false });
        Assert.Equal(16, code[0].Immediate);
    }

    [Fact]
    public void Values_that_do_not_fit_are_refused()
    {
        AssertRefused([new(0x79, 1, 2, 0)], new CoreFixup { Value = 32768 }, "does not fit in the 16 bits");
        AssertRefused([new(0xb7, 1)], new CoreFixup { Value = 0x8000_0000 }, "does not fit in the 32-bit constant");
        AssertRefused([new(0xb4, 1)], new CoreFixup { Value = 0x1_0000_0000 }, "does not fit in the 32-bit constant");
        BpfInstruction[] code = [new(0xb4, 1)];
        Apply(code, new CoreFixup { Value = 0x8000_0000 });
        Assert.Equal(int.MinValue, code[0].Immediate);
    }

    [Fact]
    public void Widths_that_no_instruction_has_are_refused()
    {
        AssertRefused([new(0x79, 1, 2, 0)], new CoreFixup { LocalSize = 8, TargetSize = 16, CanResize = true }, "accesses the 16 bytes");
        AssertRefused([new(0x71, 1, 2, 0)], new CoreFixup { LocalSize = 8, TargetSize = 4, CanResize = true }, "accesses 1 bytes of a");
    }

    [Fact]
    public void Instructions_without_a_value_are_refused()
    {
        AssertRefused([new(0xbf, 1, 2)], default, "takes no constant");
        AssertRefused([new(BpfInstruction.Exit)], default, "no value");
        AssertRefused([new(0x18, 1, BpfInstruction.PseudoMapFd), default], default, "not a plain 64-bit immediate");
        AssertRefused([new(0x18, 1), new(0, 1)], default, "not a plain 64-bit immediate");
        AssertRefused([new(0x20)], default, "not a plain 64-bit immediate");
        AssertRefused([default], default, "middle of a 64-bit immediate");
        AssertRefused([default], new CoreFixup { IsPoisoned = true }, "middle of a 64-bit immediate");
        AssertRefused([new(0x18, 1)], default, "ends in the middle");
        AssertRefused([new(0x18, 1)], new CoreFixup { IsPoisoned = true }, "ends in the middle");
        AssertRefused([], default, "only 0 instructions");
    }

    private static void Apply(BpfInstruction[] code, CoreFixup fixup) => CorePatcher.Apply(code, First, fixup, Types);

    private static void AssertRefused(BpfInstruction[] code, CoreFixup fixup, string reason)
    {
        BpfInstruction[] before = [.. code];
        Assert.Contains(reason, Assert.Throws<CoreRelocationException>(() => Apply(code, fixup)).Reason, StringComparison.Ordinal);
        Assert.Equal(before, code);
    }
}
