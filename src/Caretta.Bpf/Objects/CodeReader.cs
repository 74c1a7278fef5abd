using Caretta.Bpf.Elf;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf.Objects;

/// <summary>Cuts the sections with code into functions.</summary>
internal static class CodeReader
{
    /// <summary>Reads all sections with code. Functions are numbered by section and place.</summary>
    /// <exception cref="BadImageException">A function is empty, not aligned, outside of its section, or overlaps another one.</exception>
    public static (CodeSection[] Sections, CodeFunction[] Functions) Read(ElfFile file, SymbolIndex symbols)
    {
        List<CodeSection> sections = [];
        List<CodeFunction> functions = [];
        foreach (ElfSection header in file.Sections)
        {
            if (header.IsCode)
            {
                CodeSection section = ReadSection(file, header, symbols, functions.Count);
                sections.Add(section);
                functions.AddRange(section.Functions);
            }
        }

        return ([.. sections], [.. functions]);
    }

    private static CodeSection ReadSection(ElfFile file, ElfSection header, SymbolIndex symbols, int firstIndex)
    {
        string name = file.TextOf(header);
        ReadOnlyMemory<byte> bytes = file.BytesOf(header);
        if (bytes.Length % BpfInstruction.Size != 0)
        {
            throw new BadImageException($"{file.Name}: section {name} has {bytes.Length} bytes of code, not a multiple of {BpfInstruction.Size}");
        }

        CodeSection section = new(header.Index, name, bytes);
        ElfSymbol[] ordered = [.. symbols.FunctionsIn(header.Index).OrderBy(symbol => symbol.Value)];
        section.Functions = new CodeFunction[ordered.Length];
        for (int i = 0; i < ordered.Length; i++)
        {
            CodeFunction function = ReadFunction(file, section, ordered, i, firstIndex + i);
            if (i > 0 && function.Start < section.Functions[i - 1].End
                && (function.Start, function.Length) != (section.Functions[i - 1].Start, section.Functions[i - 1].Length))
            {
                CodeFunction other = section.Functions[i - 1];
                throw new BadImageException($"{file.Name}: functions {other.Name} at {other.Start} (+{other.Length}) and {function.Name} "
                    + $"at {function.Start} (+{function.Length}) of section {name} overlap");
            }

            CheckWideLoads(file, function);
            section.Functions[i] = function;
        }

        return section;
    }

    private static CodeFunction ReadFunction(ElfFile file, CodeSection section, ElfSymbol[] ordered, int position, int index)
    {
        ElfSymbol symbol = ordered[position];
        string name = file.TextOf(symbol);
        ulong sectionSize = (ulong)section.Code.Length * BpfInstruction.Size;
        ulong size = symbol.Size;
        if (symbol.Type == ElfSymbolType.None && size == 0)
        {
            // A symbol that does not even say that it is a function does not say its size either: it ends where the next one starts.
            ulong end = position + 1 < ordered.Length ? ordered[position + 1].Value : sectionSize;
            size = end - symbol.Value;
        }

        if (size == 0 || size % BpfInstruction.Size != 0 || symbol.Value % BpfInstruction.Size != 0
            || symbol.Value > sectionSize || size > sectionSize - symbol.Value)
        {
            throw new BadImageException($"{file.Name}: function {name} has {size} bytes at offset 0x{symbol.Value:x} of section {section.Name}, "
                + $"which has {sectionSize}; expected multiples of {BpfInstruction.Size} inside of it");
        }

        return new CodeFunction(index, name, section, (int)(symbol.Value / BpfInstruction.Size), (int)(size / BpfInstruction.Size), symbol.IsHidden);
    }

    // From here on nobody needs to ask whether the second half of a 64-bit immediate is there.
    private static void CheckWideLoads(ElfFile file, CodeFunction function)
    {
        ReadOnlySpan<BpfInstruction> code = function.Code;
        for (int i = 0; i < code.Length; i++)
        {
            if (code[i].IsWide && (++i == code.Length || code[i].Opcode != 0))
            {
                throw new BadImageException($"{file.Name}: the 64-bit immediate at instruction {i - 1} of function {function.Name} "
                    + $"(section {function.Section.Name}) has no second half");
            }
        }
    }
}
