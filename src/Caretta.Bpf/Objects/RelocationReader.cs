using Caretta.Bpf.Elf;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf.Objects;

/// <summary>
/// Finds out what the instructions of an object refer to. What to do follows from the instruction and the symbol; the relocation's type
/// says nothing more.
/// </summary>
/// <remarks>Source: <c>Documentation/bpf/llvm_reloc.rst</c>; the addend is the immediate of the instruction.</remarks>
internal sealed class RelocationReader(
    ElfFile file, IReadOnlyList<CodeSection> sections, MapLayout layout, ExternReader? externs, int configurationMap)
{
    private readonly Dictionary<int, CodeSection> _codeByIndex = sections.ToDictionary(section => section.Index);

    /// <summary>Gives each section its relocations, calls without relocation included.</summary>
    /// <exception cref="BadImageException">A relocation is not at an instruction, or its target does not exist.</exception>
    public void Read()
    {
        Dictionary<int, List<ElfRelocation>> bySection = [];
        foreach (ElfSection header in file.Sections)
        {
            if (header.Type == ElfSection.Relocation && _codeByIndex.ContainsKey((int)Math.Min(header.Info, int.MaxValue)))
            {
                bySection.TryAdd((int)header.Info, []);
                bySection[(int)header.Info].AddRange(file.Relocations(header));
            }
        }

        foreach (CodeSection section in sections)
        {
            section.Relocations = Read(section, bySection.GetValueOrDefault(section.Index, []));
        }
    }

    private CodeRelocation[] Read(CodeSection section, List<ElfRelocation> relocations)
    {
        List<CodeRelocation> result = [];
        Dictionary<int, ElfRelocation> byInstruction = [];
        foreach (ElfRelocation relocation in relocations)
        {
            ulong instruction = relocation.Offset / BpfInstruction.Size;
            if (relocation.Offset % BpfInstruction.Size != 0 || instruction >= (ulong)section.Code.Length)
            {
                throw new BadImageException($"{file.Name}: relocation at offset 0x{relocation.Offset:x} of section {section.Name}, "
                    + $"where no instruction starts (it has {section.Code.Length * BpfInstruction.Size} bytes)");
            }

            if (!byInstruction.TryAdd((int)instruction, relocation))
            {
                throw new BadImageException($"{file.Name}: two relocations at offset 0x{relocation.Offset:x} of section {section.Name}");
            }
        }

        CodeFunction? before = null;
        foreach (CodeFunction function in section.Functions)
        {
            // An alias is the same code once more.
            if (before?.Start != function.Start)
            {
                Read(function, byInstruction, result);
            }

            before = function;
        }

        return [.. result];
    }

    private void Read(CodeFunction function, Dictionary<int, ElfRelocation> relocations, List<CodeRelocation> result)
    {
        ReadOnlySpan<BpfInstruction> code = function.Code;
        for (int i = 0; i < code.Length; i++)
        {
            BpfInstruction instruction = code[i];
            Place place = new(function, i);
            bool relocated = relocations.TryGetValue(function.Start + i, out ElfRelocation relocation);
            if (relocated)
            {
                ElfSymbol symbol = file.Symbol(relocation.SymbolIndex);
                result.Add(instruction.Opcode switch
                {
                    BpfInstruction.LoadImmediate64 => ReadLoad(place, instruction, symbol),
                    BpfInstruction.Call => ReadCall(place, instruction, symbol),
                    _ => throw Fail(place, $"a relocation for {Describe(symbol)} at an instruction that cannot have one ({instruction})"),
                });
            }
            else if (instruction is { Opcode: BpfInstruction.Call, SourceRegister: BpfInstruction.PseudoCall })
            {
                // Calls between static functions of one section need no relocation: the distance is already right.
                result.Add(Call(place, CodeRelocationKind.Call, function.Section, place.Instruction + (long)instruction.Immediate + 1, "this section"));
            }
            else if (instruction is { Opcode: BpfInstruction.LoadImmediate64, SourceRegister: BpfInstruction.PseudoFunction })
            {
                // What else refers to something has its number already: that is for the kernel to judge.
                throw Fail(place, $"an instruction that refers to something outside of itself ({instruction}), but no relocation says to what");
            }

            if (instruction.IsWide)
            {
                i++;
                if (relocations.ContainsKey(function.Start + i))
                {
                    throw Fail(place, "a relocation in the middle of a 64-bit immediate");
                }
            }
        }
    }

    private CodeRelocation ReadLoad(Place place, BpfInstruction instruction, ElfSymbol symbol)
    {
        if (symbol.IsExtern)
        {
            return Extern(place, symbol, CodeRelocationKind.KernelSymbol);
        }

        CheckDefined(place, symbol);
        ulong offset = symbol.Value + (ulong)(long)instruction.Immediate;
        if (_codeByIndex.TryGetValue(symbol.SectionIndex, out CodeSection? section))
        {
            if (offset % BpfInstruction.Size != 0)
            {
                throw Fail(place, $"{Describe(symbol)} at offset 0x{offset:x}, where no instruction starts, is used as a function");
            }

            return Call(place, CodeRelocationKind.FunctionAddress, section, (long)offset / BpfInstruction.Size, Describe(symbol));
        }

        int data = layout.DataOf(symbol.SectionIndex);
        if (data >= 0)
        {
            return new CodeRelocation(place.Instruction, CodeRelocationKind.MapValue, data, (uint)offset);
        }

        int map = layout.DeclaredAt(symbol.SectionIndex, offset);
        if (map < 0 && file.NameOf(file.Sections[symbol.SectionIndex]).SequenceEqual(".jumptables"u8))
        {
            throw Fail(place, $"{Describe(symbol)} is a jump table, which is not supported (compile with -fno-jump-tables)");
        }

        if (map < 0)
        {
            throw Fail(place, $"{Describe(symbol)} at offset 0x{offset:x} of section {file.TextOf(file.Sections[symbol.SectionIndex])} "
                + "is neither a map nor a variable that programs can see");
        }

        return new CodeRelocation(place.Instruction, CodeRelocationKind.Map, map);
    }

    private CodeRelocation ReadCall(Place place, BpfInstruction instruction, ElfSymbol symbol)
    {
        if (symbol.IsExtern)
        {
            return Extern(place, symbol, CodeRelocationKind.KernelCall);
        }

        CheckDefined(place, symbol);
        if (instruction.SourceRegister != BpfInstruction.PseudoCall || !_codeByIndex.TryGetValue(symbol.SectionIndex, out CodeSection? section))
        {
            throw Fail(place, $"a call ({instruction}) of {Describe(symbol)}, which is no function of the object");
        }

        if (symbol.Value % BpfInstruction.Size != 0 || symbol.Value > int.MaxValue)
        {
            throw Fail(place, $"a call of {Describe(symbol)} at offset 0x{symbol.Value:x}, where no instruction starts");
        }

        // The immediate is −1 for a symbol of its own, and the distance from the section's start, less one, for the section's symbol.
        long target = ((long)symbol.Value / BpfInstruction.Size) + instruction.Immediate + 1;
        return Call(place, CodeRelocationKind.Call, section, target, Describe(symbol));
    }

    private CodeRelocation Call(Place place, CodeRelocationKind kind, CodeSection section, long target, string what)
    {
        CodeFunction function = section.FunctionAt(target)
            ?? throw Fail(place, $"{what} is referred to at instruction {target} of section {section.Name}, where no function starts");
        return new CodeRelocation(place.Instruction, kind, function.Index);
    }

    private CodeRelocation Extern(Place place, ElfSymbol symbol, CodeRelocationKind kind)
    {
        if (externs is not null && kind == CodeRelocationKind.KernelSymbol
            && externs.Configuration.TryGetValue(symbol.Index, out ConfigurationExtern? value))
        {
            return new CodeRelocation(place.Instruction, CodeRelocationKind.MapValue, configurationMap, value.Offset);
        }

        if (externs is null || !externs.KernelSymbolIndexes.TryGetValue(symbol.Index, out int index)
            || (kind == CodeRelocationKind.KernelCall && externs.KernelSymbols[index].Kind != BpfKernelSymbolKind.Function))
        {
            throw Fail(place, $"{Describe(symbol)} is undefined and not declared as something that the kernel has");
        }

        return new CodeRelocation(place.Instruction, kind, index);
    }

    private void CheckDefined(Place place, ElfSymbol symbol)
    {
        if (!symbol.IsDefined || symbol.SectionIndex >= file.Sections.Length)
        {
            throw Fail(place, $"{Describe(symbol)} is in section #{symbol.SectionIndex}, which does not exist");
        }
    }

    private string Describe(ElfSymbol symbol) => $"symbol {file.TextOf(symbol)} (#{symbol.Index})";

    private BadImageException Fail(Place place, string what) =>
        new($"{file.Name}: function {place.Function.Name}, instruction {place.Index} "
            + $"(offset 0x{place.Instruction * BpfInstruction.Size:x} of section {place.Function.Section.Name}): {what}");

    private readonly record struct Place(CodeFunction Function, int Index)
    {
        /// <summary>Index of the instruction from the section's start.</summary>
        public int Instruction => Function.Start + Index;
    }
}
