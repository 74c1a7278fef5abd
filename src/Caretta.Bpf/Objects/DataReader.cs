using Caretta.Bpf.Btf;
using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Objects;

/// <summary>Turns sections with variables into maps, and their symbols into <see cref="BpfVariable"/>.</summary>
internal sealed class DataReader(ElfFile file, BtfTypes? types, SymbolIndex symbols, MapLayout layout)
{
    /// <summary>The most that all data sections together may have; an object of a few bytes can claim any size for zeroes.</summary>
    public const uint MaximumTotalSize = 64 << 20;

    private const uint LargestPage = 64 << 10;      // of any machine; the kernel counts an arena in its own pages

    private readonly HashSet<string> _names = [];
    private ulong _totalSize;

    /// <summary>All variables found so far.</summary>
    public List<BpfVariable> Variables { get; } = [];

    /// <summary>Whether a section holds variables of an arena.</summary>
    public bool IsArena(ElfSection section) => section is { IsData: true, Size: > 0 } && file.NameOf(section).SequenceEqual(".addr_space.1"u8);

    /// <summary>Says what kind of data a section holds, or <see langword="null"/> if programs cannot see it.</summary>
    public BpfMapKind? KindOf(ElfSection section)
    {
        ReadOnlySpan<byte> name = file.NameOf(section);
        return section switch
        {
            { Size: 0 } => null,
            { IsNoBits: true } => Matches(name, ".bss"u8) ? BpfMapKind.ZeroData : null,
            { IsData: true } => Matches(name, ".data"u8) ? BpfMapKind.Data : Matches(name, ".rodata"u8) ? BpfMapKind.ReadOnlyData : null,
            _ => null,
        };
    }

    /// <summary>Adds the map of a section, and its variables.</summary>
    /// <exception cref="BadImageException">The data is too large, or a variable is not inside of the section.</exception>
    public void Read(ElfSection section, BpfMapKind kind)
    {
        string name = CheckSection(section);
        BpfMapDefinition map = new(layout.Maps.Count, name, kind, (uint)section.Size, file.BytesOf(section));
        layout.AddData(map, section.Index);
        map.BtfValueTypeId = ReadVariables(section, map);
    }

    /// <summary>Reads the variables of address space 1: they lie in the object's one arena (Linux 6.9), at its start.</summary>
    /// <exception cref="BadImageException">There is not exactly one arena, or a variable is not inside of the section.</exception>
    /// <remarks>Source: libbpf, <c>init_arena_map_data</c>.</remarks>
    public void ReadArena(ElfSection section)
    {
        string name = CheckSection(section);
        BpfMapDefinition[] arenas = [.. layout.Maps.Where(map => map.Type == BpfMapType.Arena)];
        if (arenas is not [{ } arena] || section.Size > arena.MaxEntries * (ulong)LargestPage)
        {
            throw new BadImageException($"{file.Name}: section {name} has {section.Size} bytes of variables, which need one map of type ARENA "
                + $"that holds them, and there are {arenas.Length} arenas");
        }

        arena.SetArenaVariables(file.BytesOf(section));
        layout.AddArena(arena, section.Index);
        ReadVariables(section, arena);
    }

    private string CheckSection(ElfSection section)
    {
        string name = file.TextOf(section);
        _totalSize += section.Size;
        if (section.Size > MaximumTotalSize || _totalSize > MaximumTotalSize)
        {
            throw new BadImageException($"{file.Name}: section {name} has {section.Size} bytes; "
                + $"no more than {MaximumTotalSize} are accepted in all data sections together");
        }

        return _names.Add(name) ? name
            : throw new BadImageException($"{file.Name}: there are two sections {name}, #{section.Index} is the second");
    }

    private uint ReadVariables(ElfSection section, BpfMapDefinition map)
    {
        Dictionary<string, BtfSectionVariable> typed = [];
        uint id = types?.FindByName(file.NameOf(section), BtfKind.DataSection) ?? 0;
        BtfType described = id == 0 ? default : types![id];
        for (int i = 0; id != 0 && i < described.Length; i++)
        {
            BtfSectionVariable entry = described.SectionVariable(i);
            BtfType variable = types![entry.TypeId];
            if (variable.Kind == BtfKind.Variable)
            {
                typed.TryAdd(variable.NameText, entry);
                map.IsMmapable |= variable.Linkage == BtfLinkage.Global
                    && !(symbols.TryFind(section.Index, variable.NameText, out ElfSymbol global) && global.IsHidden);
            }
        }

        foreach (ElfSymbol symbol in symbols.ObjectsIn(section.Index))
        {
            string name = file.TextOf(symbol);
            if (symbol.Value > section.Size || symbol.Size > section.Size - symbol.Value)
            {
                throw new BadImageException($"{file.Name}: variable {name} has {symbol.Size} bytes at offset 0x{symbol.Value:x} "
                    + $"of section {file.TextOf(section)}, which has {section.Size}");
            }

            // Compiler-made texts have symbols without a name; nobody can ask for them.
            if (name.Length > 0)
            {
                uint type = typed.TryGetValue(name, out BtfSectionVariable entry) ? types![entry.TypeId].TypeId : 0;
                Variables.Add(new BpfVariable(name, map.Index, (uint)symbol.Value, (uint)symbol.Size, type));
            }
        }

        return id;
    }

    private static bool Matches(ReadOnlySpan<byte> name, ReadOnlySpan<byte> section) =>
        name.StartsWith(section) && (name.Length == section.Length || name[section.Length] == (byte)'.');
}
