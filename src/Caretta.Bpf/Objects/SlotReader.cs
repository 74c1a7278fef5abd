using System.Diagnostics.CodeAnalysis;
using Caretta.Bpf.Elf;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf.Objects;

/// <summary>Reads what maps of maps and program arrays hold from the start: relocations inside of the section <c>.maps</c>.</summary>
internal static class SlotReader
{
    private const int SlotSize = 8;     // pointers in BPF objects have 8 bytes on any host

    /// <summary>Fills in <see cref="BpfMapDefinition.InitialSlots"/>.</summary>
    /// <exception cref="BadImageException">A relocation is not in a slot, or what it names cannot be in that map.</exception>
    public static void Read(
        ElfFile file, ElfSection? maps, MapLayout layout, IReadOnlyList<CodeSection> sections, IReadOnlyList<BpfProgramDefinition> programs)
    {
        if (maps is not { } section)
        {
            return;
        }

        (ulong SlotsStart, int MapIndex)[] starts = [.. layout.Slots.OrderBy(slots => slots.SlotsStart)];
        Dictionary<int, SortedDictionary<uint, int>> slots = [];
        Dictionary<int, CodeSection> codeByIndex = sections.ToDictionary(code => code.Index);
        Dictionary<int, int> programOf = programs.ToDictionary(program => program.FunctionIndex, program => program.Index);
        foreach (ElfSection header in file.Sections)
        {
            if (header.Type != ElfSection.Relocation || header.Info != section.Index)
            {
                continue;
            }

            foreach (ElfRelocation relocation in file.Relocations(header))
            {
                // Slots are the last member of a map, so they reach until the next map with slots, or less.
                int position = Array.FindLastIndex(starts, start => start.SlotsStart <= relocation.Offset);
                if (position < 0 || relocation.Offset >= section.Size || (relocation.Offset - starts[position].SlotsStart) % SlotSize != 0)
                {
                    ThrowOutside(file, relocation);
                }

                BpfMapDefinition map = layout.Maps[starts[position].MapIndex];
                ElfSymbol symbol = file.Symbol(relocation.SymbolIndex);
                int target = map.Type == BpfMapType.ProgramArray
                    ? FindProgram(symbol, codeByIndex, programOf)
                    : symbol.IsDefined ? layout.DeclaredAt(symbol.SectionIndex, symbol.Value) : -1;
                if (target < 0)
                {
                    throw new BadImageException($"{file.Name}: a slot of map {map.Name} at offset 0x{relocation.Offset:x} of section .maps holds "
                        + $"symbol {file.TextOf(symbol)} (#{symbol.Index}), expected a {(map.InnerMap is null ? "program" : "map")}");
                }

                slots.TryAdd(map.Index, []);
                slots[map.Index][(uint)((relocation.Offset - starts[position].SlotsStart) / SlotSize)] = target;
            }
        }

        foreach ((int map, SortedDictionary<uint, int> entries) in slots)
        {
            layout.Maps[map].InitialSlots = [.. entries.Select(entry => new BpfInitialSlot(entry.Key, entry.Value))];
        }
    }

    private static int FindProgram(ElfSymbol symbol, Dictionary<int, CodeSection> sections, Dictionary<int, int> programs) =>
        symbol.IsDefined && symbol.Value % BpfInstruction.Size == 0
            && sections.TryGetValue(symbol.SectionIndex, out CodeSection? section)
            && section.FunctionAt((long)Math.Min(symbol.Value / BpfInstruction.Size, int.MaxValue)) is { } function
            && programs.TryGetValue(function.Index, out int program)
                ? program
                : -1;

    [DoesNotReturn]
    private static void ThrowOutside(ElfFile file, ElfRelocation relocation) =>
        throw new BadImageException($"{file.Name}: relocation at offset 0x{relocation.Offset:x} of section .maps is in no slot of a map");
}
