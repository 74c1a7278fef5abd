using System.Globalization;
using System.Text;
using Caretta.Bpf.Linking;
using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class ProgramLinkerTests
{
    /// <summary>
    /// Every program of every fixture, linked against its own types. The listings were checked by hand against the disassembly of the
    /// objects: places of functions, call distances, offsets of variables.
    /// </summary>
    [Theory]
    [InlineData("programs.bpf.o")]
    [InlineData("data.bpf.o")]
    [InlineData("maps.bpf.o")]
    [InlineData("externs.bpf.o")]
    [InlineData("relocations.bpf.o")]
    [InlineData("merged.bpf.o")]
    [InlineData("legacy.bpf.o")]
    public void Linked_programs_are_as_blessed(string name)
    {
        BpfObject parsed = Fixture.Parse(name);
        ProgramLinker linker = parsed.CreateLinker(parsed.Btf);
        StringBuilder text = new();
        foreach (BpfProgramDefinition program in parsed.Programs)
        {
            Describe(text, parsed, linker.Link(program));
        }

        Fixture.AssertGolden(Path.ChangeExtension(name, ".expected.txt"), text.ToString());
    }

    private static void Describe(StringBuilder text, BpfObject parsed, LinkedProgram linked)
    {
        text.Append(CultureInfo.InvariantCulture, $"{linked.Definition}\n");
        Dictionary<int, string> notes = [];
        foreach (BpfMapReference map in linked.MapReferences)
        {
            notes.Add(map.InstructionIndex, $"map {parsed.Maps[map.MapIndex].Name}" + (map.IsValue ? $" +{map.ValueOffset}" : ""));
        }

        foreach (BpfKernelSymbolReference symbol in linked.KernelSymbolReferences)
        {
            notes.Add(symbol.InstructionIndex, $"{(symbol.IsCall ? "call" : "load")} {parsed.KernelSymbols[symbol.SymbolIndex].Name}");
        }

        Dictionary<uint, string> functions = [];
        foreach (BpfFunctionInfo info in linked.FunctionInfo.Span)
        {
            functions.Add(info.InstructionOffset, parsed.Btf![info.TypeId].NameText);
        }

        Dictionary<uint, BpfLineInfo> lines = [];
        foreach (BpfLineInfo line in linked.LineInfo.Span)
        {
            lines.Add(line.InstructionOffset, line);
        }

        for (int i = 0; i < linked.Instructions.Length; i++)
        {
            if (functions.TryGetValue((uint)i, out string? function))
            {
                text.Append(CultureInfo.InvariantCulture, $"{function}:\n");
            }

            string note = notes.TryGetValue(i, out string? target) ? $"  ; {target}" : "";
            string line = lines.TryGetValue((uint)i, out BpfLineInfo info) ? $"  ; line {info.LineColumn >> 10}" : "";
            text.Append(CultureInfo.InvariantCulture, $"  {i,3}: {linked.Instructions[i]}{note}{line}\n");
        }

        text.Append('\n');
    }
}
