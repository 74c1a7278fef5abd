using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Caretta.Bpf.Linking;
using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class LinkedProgramTests
{
    [Fact]
    public void Instruction_has_the_layout_of_the_kernel()
    {
        Assert.Equal(BpfInstruction.Size, Unsafe.SizeOf<BpfInstruction>());
        BpfInstruction instruction = MemoryMarshal.Read<BpfInstruction>([0x18, 0x21, 0xfe, 0xff, 4, 3, 2, 1]);

        Assert.Equal(new BpfInstruction(0x18, destination: 1, source: 2, offset: -2, immediate: 0x01020304), instruction);
        Assert.Equal((1, 2, -2, 0x01020304), (instruction.DestinationRegister, instruction.SourceRegister, instruction.Offset, instruction.Immediate));
        Assert.Equal(8, Unsafe.SizeOf<BpfFunctionInfo>());
        Assert.Equal(16, Unsafe.SizeOf<BpfLineInfo>());
    }

    [Fact]
    public void Linking_twice_gives_the_same_and_leaves_the_object_alone()
    {
        BpfObject parsed = Fixture.Parse("relocations.bpf.o");
        ProgramLinker linker = parsed.CreateLinker(parsed.Btf);
        LinkedProgram first = linker.Link(parsed.Program("one"));
        linker.Link(parsed.Program("two"));
        LinkedProgram second = linker.Link(parsed.Program("one"));

        Assert.True(first.Instructions.SequenceEqual(second.Instructions));
        Assert.True(first.LineInfo.Span.SequenceEqual(second.LineInfo.Span));
    }

    [Fact]
    public void Every_function_has_a_record_at_its_first_instruction_and_lines_ascend()
    {
        BpfObject parsed = Fixture.Parse("programs.bpf.o");
        LinkedProgram linked = parsed.CreateLinker(parsed.Btf).Link(parsed.Program("through_callbacks"));

        Assert.Equal(
            ["through_callbacks", "count", "first", "count_global"],
            linked.FunctionInfo.ToArray().Select(record => parsed.Btf![record.TypeId].NameText));
        Assert.Equal([0u, 20u, 31u, 35u], linked.FunctionInfo.ToArray().Select(record => record.InstructionOffset));
        uint[] offsets = [.. linked.LineInfo.ToArray().Select(record => record.InstructionOffset)];
        Assert.Equal(offsets.Distinct().Order(), offsets);
        Assert.All(linked.FunctionInfo.ToArray(), record => Assert.Contains(record.InstructionOffset, offsets));
    }

    [Fact]
    public void Program_that_needs_kernel_types_says_so()
    {
        BpfObject parsed = Fixture.Parse("relocations.bpf.o");

        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => parsed.CreateLinker(null).Link(parsed.Program("one")));
        Assert.Equal(
            "relocations.bpf.o: function one has 1 relocations against kernel types, but no kernel types were given", e.Message);
        Fixture.Parse("programs.bpf.o").CreateLinker(null);
    }

    [Fact]
    public void Program_of_another_object_is_refused()
    {
        BpfObject parsed = Fixture.Parse("relocations.bpf.o");
        BpfObject other = Fixture.Parse("relocations.bpf.o");

        Assert.Throws<ArgumentException>(() => parsed.CreateLinker(parsed.Btf).Link(other.Program("one")));
    }

    [Fact]
    public void Kernel_symbols_say_how_they_are_found()
    {
        BpfObject parsed = Fixture.Parse("externs.bpf.o");

        Assert.Equal(
            [("bpf_prog_put", BpfKernelSymbolKind.Address, false), ("bpf_rcu_read_lock", BpfKernelSymbolKind.Function, false),
                ("no_such_function", BpfKernelSymbolKind.Function, true), ("no_such_symbol", BpfKernelSymbolKind.Address, true),
                ("no_such_variable", BpfKernelSymbolKind.Variable, true), ("runqueues", BpfKernelSymbolKind.Variable, false)],
            parsed.KernelSymbols.Select(symbol => (symbol.Name, symbol.Kind, symbol.IsWeak)).OrderBy(symbol => symbol.Name, StringComparer.Ordinal));
        Assert.Equal("rq", parsed.Btf![parsed.KernelSymbols.Single(symbol => symbol.Name == "runqueues").TypeId].NameText);
    }

    [Fact]
    public void Maps_are_filled_in_by_descriptor()
    {
        BpfObject parsed = Fixture.Parse("merged.bpf.o");
        LinkedProgram linked = parsed.CreateLinker(parsed.Btf).Link(parsed.Program("weak_program"));
        BpfMapReference data = Assert.Single(linked.MapReferences);

        linked.SetMap(data, 77);

        Assert.Equal(new BpfMapReference(1, parsed.Map(".data").Index, IsValue: true, ValueOffset: 8), data);
        Assert.Equal(new BpfInstruction(0x18, 1, BpfInstruction.PseudoMapValue, 0, 77), linked.Instructions[1]);
        Assert.Equal(new BpfInstruction(0, immediate: 8), linked.Instructions[2]);
    }

    [Fact]
    public void Map_that_does_not_exist_becomes_a_call_that_names_it()
    {
        BpfObject parsed = Fixture.Parse("legacy.bpf.o");
        LinkedProgram linked = parsed.CreateLinker(null).Link(parsed.Programs[0]);
        BpfMapReference totals = linked.MapReferences.Single(reference => reference.MapIndex == parsed.Map("totals").Index);

        linked.PoisonMap(totals);

        BpfInstruction poison = new(BpfInstruction.Call, immediate: 2001000001);
        Assert.Equal([poison, poison], linked.Instructions.Slice(totals.InstructionIndex, 2).ToArray());
    }

    [Fact]
    public void Kernel_symbols_are_filled_in_by_kind()
    {
        BpfObject parsed = Fixture.Parse("externs.bpf.o");
        LinkedProgram linked = parsed.CreateLinker(parsed.Btf).Link(parsed.Program("use_symbols"));
        BpfKernelSymbolReference Reference(string name, bool isCall) => linked.KernelSymbolReferences.First(
            reference => parsed.KernelSymbols[reference.SymbolIndex].Name == name && reference.IsCall == isCall);
        BpfKernelSymbolReference address = Reference("bpf_prog_put", false);
        BpfKernelSymbolReference variable = Reference("runqueues", false);
        BpfKernelSymbolReference function = Reference("bpf_rcu_read_lock", true);
        BpfKernelSymbolReference missing = Reference("no_such_function", true);

        linked.SetAddress(address, 0xffffffff81234567);
        linked.SetVariable(variable, 4711, 9);
        linked.SetFunction(function, 4712, 3);
        linked.PoisonFunction(missing);

        ReadOnlySpan<BpfInstruction> code = linked.Instructions;
        Assert.Equal(unchecked((int)0x81234567), code[address.InstructionIndex].Immediate);
        Assert.Equal((0, -1), (code[address.InstructionIndex].SourceRegister, code[address.InstructionIndex + 1].Immediate));
        Assert.Equal((3, 4711), (code[variable.InstructionIndex].SourceRegister, code[variable.InstructionIndex].Immediate));
        Assert.Equal(9, code[variable.InstructionIndex + 1].Immediate);
        Assert.Equal(new BpfInstruction(BpfInstruction.Call, 0, BpfInstruction.PseudoKernelFunctionCall, 3, 4712), code[function.InstructionIndex]);
        // Ten values of the configuration are numbered before the symbols.
        Assert.Equal(new BpfInstruction(BpfInstruction.Call, immediate: 2002000010 + missing.SymbolIndex), code[missing.InstructionIndex]);
    }
}
