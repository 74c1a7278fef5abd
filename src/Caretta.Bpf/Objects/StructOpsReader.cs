using Caretta.Bpf.Btf;
using Caretta.Bpf.Elf;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf.Objects;

/// <summary>
/// Reads the sections <c>.struct_ops</c> and <c>.struct_ops.link</c>: every variable is a map whose value is a struct of the kernel, with
/// programs where the kernel has functions. A question mark before the name means that it is not created by itself.
/// </summary>
/// <remarks>Source: libbpf, <c>init_struct_ops_maps</c>, <c>bpf_object__collect_st_ops_relos</c>.</remarks>
internal sealed class StructOpsReader(
    ElfFile file, BtfTypes? types, SymbolIndex symbols, MapLayout layout, IReadOnlyList<CodeSection> sections, IReadOnlyList<BpfProgramDefinition> programs)
{
    private const uint LinkFlag = 1 << 13;      // BPF_F_LINK, Linux 6.4

    private readonly Dictionary<int, CodeSection> _codeByIndex = sections.ToDictionary(code => code.Index);
    private readonly Dictionary<int, int> _programOf = programs.ToDictionary(program => program.FunctionIndex, program => program.Index);

    /// <summary>Adds the maps, and decides which of their programs are loaded by themselves: those of maps that are created.</summary>
    /// <exception cref="BadImageException">A variable is no struct, or a slot of one that is no function holds something.</exception>
    public void Read()
    {
        Dictionary<int, bool> wanted = [];
        foreach (ElfSection section in file.Sections)
        {
            ReadOnlySpan<byte> name = section.IsData && section.Size > 0 ? file.NameOf(section) : default;
            ReadOnlySpan<byte> plain = name is [(byte)'?', ..] ? name[1..] : name;
            if (plain.SequenceEqual(".struct_ops"u8) || plain.SequenceEqual(".struct_ops.link"u8))
            {
                ReadSection(section, plain.Length == name.Length, plain.EndsWith(".link"u8), wanted);
            }
        }

        foreach ((int program, bool load) in wanted)
        {
            programs[program].AutoLoad = load;
        }
    }

    private void ReadSection(ElfSection section, bool create, bool link, Dictionary<int, bool> wanted)
    {
        uint id = types?.FindByName(file.NameOf(section), BtfKind.DataSection) ?? 0;
        if (id == 0)
        {
            throw new BadImageException($"{file.Name}: section {file.TextOf(section)} has no type; was it compiled with -g?");
        }

        BtfType described = types![id];
        List<(BpfMapDefinition Map, ulong Start, BtfType Type)> maps = [];
        for (int i = 0; i < described.Length; i++)
        {
            BtfType variable = types[described.SectionVariable(i).TypeId];
            BtfType type = types.SkipModifiers(variable.Kind == BtfKind.Variable ? variable.TypeId : variable.Id);
            string name = variable.NameText;
            if (variable.Kind != BtfKind.Variable || type.Kind != BtfKind.Struct || type.Name.IsEmpty)
            {
                throw new BadImageException($"{file.Name}: {name} in section {file.TextOf(section)} is {type}, expected a struct with a name");
            }

            if (!symbols.TryFind(section.Index, name, out ElfSymbol symbol) || symbol.Value > section.Size || type.Size > section.Size - symbol.Value)
            {
                throw new BadImageException($"{file.Name}: {name} of {type.Size} bytes is not inside of section {file.TextOf(section)}, "
                    + $"which has {section.Size}");
            }

            BpfMapDefinition map = new(layout.Maps.Count, name, type.Id, type.Size, file.BytesOf(section).Slice((int)symbol.Value, (int)type.Size))
            {
                AutoCreate = create,
                Flags = link ? LinkFlag : 0,
            };
            layout.Maps.Add(map);
            maps.Add((map, symbol.Value, type));
        }

        foreach (ElfSection header in file.Sections)
        {
            if (header.Type == ElfSection.Relocation && header.Info == section.Index)
            {
                ReadSlots(file.Relocations(header), maps, wanted);
            }
        }
    }

    private void ReadSlots(ElfRelocation[] relocations, List<(BpfMapDefinition Map, ulong Start, BtfType Type)> maps, Dictionary<int, bool> wanted)
    {
        Dictionary<BpfMapDefinition, SortedDictionary<uint, int>> slots = [];
        foreach (ElfRelocation relocation in relocations)
        {
            (BpfMapDefinition? map, ulong start, BtfType type) = maps.Find(
                entry => relocation.Offset >= entry.Start && relocation.Offset - entry.Start < entry.Type.Size);
            int member = map is null ? -1 : FunctionAt(type, relocation.Offset - start);
            ElfSymbol symbol = file.Symbol(relocation.SymbolIndex);
            int program = member < 0 ? -1 : ProgramOf(symbol);
            if (program < 0)
            {
                throw new BadImageException($"{file.Name}: symbol {file.TextOf(symbol)} (#{symbol.Index}) at offset 0x{relocation.Offset:x} of the "
                    + "section of struct_ops: expected a program in the place of a function");
            }

            slots.TryAdd(map!, []);
            slots[map!][(uint)member] = program;
            wanted[program] = map!.AutoCreate || wanted.GetValueOrDefault(program);
        }

        foreach ((BpfMapDefinition map, SortedDictionary<uint, int> entries) in slots)
        {
            map.InitialSlots = [.. entries.Select(entry => new BpfInitialSlot(entry.Key, entry.Value))];
        }
    }

    private int FunctionAt(BtfType type, ulong offset)
    {
        for (int i = 0; i < type.Length; i++)
        {
            BtfMember member = type.Member(i);
            if (member.BitOffset == offset * 8)
            {
                BtfType pointer = types!.SkipModifiers(member.TypeId);
                return pointer.Kind == BtfKind.Pointer && types.SkipModifiers(pointer.TypeId).Kind == BtfKind.FunctionPrototype ? i : -1;
            }
        }

        return -1;
    }

    private int ProgramOf(ElfSymbol symbol) =>
        symbol.IsDefined && symbol.Value % BpfInstruction.Size == 0
            && _codeByIndex.TryGetValue(symbol.SectionIndex, out CodeSection? section)
            && section.FunctionAt((long)Math.Min(symbol.Value / BpfInstruction.Size, int.MaxValue)) is { } function
            && _programOf.TryGetValue(function.Index, out int program)
                ? program
                : -1;
}
