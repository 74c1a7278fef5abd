using Caretta.Bpf.Btf;
using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Objects;

/// <summary>Turns sections with variables into maps, and their symbols into <see cref="BpfVariable"/>.</summary>
internal sealed class DataReader(ElfFile file, BtfTypes? types, SymbolIndex symbols, MapLayout layout)
{
    /// <summary>The most that all data sections together may have; an object of a few bytes can claim any size for zeroes.</summary>
    public const uint MaximumTotalSize = 64 << 20;

    private readonly HashSet<string> _names = [];
    private ulong _totalSize;

    /// <summary>All variables found so far.</summary>
    public List<BpfVariable> Variables { get; } = [];

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
        string name = file.TextOf(section);
        _totalSize += section.Size;
        if (section.Size > MaximumTotalSize || _totalSize > MaximumTotalSize)
        {
            throw new BadImageException($"{file.Name}: section {name} has {section.Size} bytes; "
                + $"no more than {MaximumTotalSize} are accepted in all data sections together");
        }

        if (!_names.Add(name))
        {
            throw new BadImageException($"{file.Name}: there are two sections {name}, #{section.Index} is the second");
        }

        BpfMapDefinition map = new(layout.Maps.Count, name, kind, (uint)section.Size, file.BytesOf(section));
        layout.AddData(map, section.Index);
        ReadVariables(section, map);
    }

    private void ReadVariables(ElfSection section, BpfMapDefinition map)
    {
        Dictionary<string, BtfSectionVariable> typed = [];
        uint id = types?.FindByName(file.NameOf(section), BtfKind.DataSection) ?? 0;
        BtfType described = id == 0 ? default : types![id];
        map.BtfValueTypeId = id;
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
                    + $"of section {map.Name}, which has {section.Size}");
            }

            // Compiler-made texts have symbols without a name; nobody can ask for them.
            if (name.Length > 0)
            {
                uint type = typed.TryGetValue(name, out BtfSectionVariable entry) ? types![entry.TypeId].TypeId : 0;
                Variables.Add(new BpfVariable(name, map.Index, (uint)symbol.Value, (uint)symbol.Size, type));
            }
        }
    }

    private static bool Matches(ReadOnlySpan<byte> name, ReadOnlySpan<byte> section) =>
        name.StartsWith(section) && (name.Length == section.Length || name[section.Length] == (byte)'.');
}
