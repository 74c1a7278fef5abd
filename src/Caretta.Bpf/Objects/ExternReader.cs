using Caretta.Bpf.Btf;
using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Objects;

/// <summary>
/// Finds out what undefined symbols are: their declarations are in the types, in one of the sections <c>.kconfig</c> and <c>.ksyms</c>,
/// which exist only there.
/// </summary>
internal sealed class ExternReader
{
    private const uint MaximumConfigurationSize = 64 << 10;     // an option is a word or a line, and there are some 20,000

    private readonly string _objectName;
    private readonly BtfTypes _types;
    private readonly Dictionary<uint, BtfType> _sectionOf = [];

    private ExternReader(string objectName, BtfTypes types)
    {
        _objectName = objectName;
        _types = types;
        for (uint id = types.FirstId; id <= types.Count; id++)
        {
            BtfType section = types[id];
            for (int i = 0; section.Kind == BtfKind.DataSection && i < section.Length; i++)
            {
                _sectionOf.TryAdd(section.SectionVariable(i).TypeId, section);
            }
        }
    }

    /// <summary>Configuration values by the index of their symbol.</summary>
    public Dictionary<int, ConfigurationExtern> Configuration { get; } = [];

    /// <summary>Kernel symbols by the index of their symbol: positions in <see cref="KernelSymbols"/>.</summary>
    public Dictionary<int, int> KernelSymbolIndexes { get; } = [];

    /// <summary>Kernel symbols by name, which is libbpf's order: their numbers may be in a verifier's log.</summary>
    public List<BpfKernelSymbol> KernelSymbols { get; } = [];

    /// <summary>Type of the section <c>.kconfig</c>, 0 if there is none.</summary>
    public uint ConfigurationTypeId { get; private set; }

    /// <summary>Size of all configuration values with their padding.</summary>
    public uint ConfigurationSize { get; private set; }

    /// <summary>Reads all undefined symbols.</summary>
    /// <returns>What they are, or <see langword="null"/> if there are none.</returns>
    /// <exception cref="BadImageException">A symbol is not declared, or not as anything that the kernel could provide.</exception>
    public static ExternReader? Read(ElfFile file, SymbolIndex symbols, BtfTypes? types)
    {
        if (symbols.Externs.Count == 0)
        {
            return null;
        }

        if (types is null)
        {
            throw new BadImageException($"{file.Name}: symbol {file.TextOf(symbols.Externs[0])} is undefined, and there are no types "
                + "(section .BTF) that would say what it is");
        }

        ExternReader reader = new(file.Name, types);
        foreach (ElfSymbol symbol in symbols.Externs)
        {
            reader.ReadSymbol(file, symbol);
        }

        reader.LayOut();
        reader.SortKernelSymbols();
        return reader;
    }

    private void ReadSymbol(ElfFile file, ElfSymbol symbol)
    {
        string name = file.TextOf(symbol);
        uint id = Declaration(file.NameOf(symbol));
        if (id == 0 || !_sectionOf.TryGetValue(id, out BtfType section))
        {
            throw new BadImageException($"{_objectName}: symbol {name} is undefined and the types do not say that the kernel has it "
                + "(__kconfig or __ksym)");
        }

        BtfType declaration = _types[id];
        if (section.Name.SequenceEqual(".kconfig"u8) && declaration.Kind == BtfKind.Variable)
        {
            ConfigurationTypeId = section.Id;
            Configuration.Add(symbol.Index, DescribeConfiguration(name, declaration, symbol.IsWeak));
        }
        else if (section.Name.SequenceEqual(".ksyms"u8))
        {
            (BpfKernelSymbolKind kind, uint type) = DescribeKernelSymbol(declaration);
            KernelSymbolIndexes.Add(symbol.Index, KernelSymbols.Count);
            KernelSymbols.Add(new BpfKernelSymbol(KernelSymbols.Count, name, kind, symbol.IsWeak, type));
        }
        else
        {
            throw new BadImageException($"{_objectName}: symbol {name} is undefined and declared in section {section.NameText}, "
                + "expected .kconfig or .ksyms");
        }
    }

    private uint Declaration(ReadOnlySpan<byte> name)
    {
        uint id = _types.FindByName(name, BtfKind.Variable);
        if (id == 0 || _types[id].Linkage != BtfLinkage.External)
        {
            id = _types.FindByName(name, BtfKind.Function);
        }

        return id != 0 && _types[id].Linkage == BtfLinkage.External ? id : 0;
    }

    private (BpfKernelSymbolKind Kind, uint TypeId) DescribeKernelSymbol(BtfType declaration)
    {
        if (declaration.Kind == BtfKind.Function)
        {
            return (BpfKernelSymbolKind.Function, declaration.TypeId);
        }

        BtfType type = _types.SkipModifiers(declaration.TypeId);
        return type.Kind == BtfKind.Void ? (BpfKernelSymbolKind.Address, 0) : (BpfKernelSymbolKind.Variable, type.Id);
    }

    private ConfigurationExtern DescribeConfiguration(string name, BtfType variable, bool isWeak)
    {
        BtfType type = _types.SkipModifiers(variable.TypeId);
        BtfType element = type.Kind == BtfKind.Array ? _types.SkipModifiers(type.Array.ElementTypeId) : type;
        ConfigurationKind? kind = DescribeScalar(element, out uint size);
        if (type.Kind == BtfKind.Array)
        {
            kind = kind == ConfigurationKind.Character && type.Array.Length > 0 ? ConfigurationKind.Text : null;
            size = type.Array.Length;
        }

        if (kind is null || size > MaximumConfigurationSize)
        {
            throw new BadImageException($"{_objectName}: {name} has a type that no value of the kernel's configuration has; expected bool, char, "
                + "an integer of 2, 4 or 8 bytes, enum libbpf_tristate or an array of char");
        }

        bool isSigned = element.Kind == BtfKind.Int && element.IntegerEncoding.IsSigned;
        return new ConfigurationExtern(name, kind.Value, size, isSigned, isWeak);
    }

    private static ConfigurationKind? DescribeScalar(BtfType type, out uint size)
    {
        size = type.Kind == BtfKind.Int || type.IsEnumeration ? type.Size : 0;
        return type.Kind switch
        {
            BtfKind.Int when type.IntegerEncoding.IsBoolean => size == 1 ? ConfigurationKind.Boolean : null,
            BtfKind.Int => size switch
            {
                1 => ConfigurationKind.Character,
                2 or 4 or 8 => ConfigurationKind.Integer,
                _ => null,
            },
            BtfKind.Enum or BtfKind.Enum64 when size is 4 or 8 && type.Name.SequenceEqual("libbpf_tristate"u8) => ConfigurationKind.Tristate,
            _ => null,
        };
    }

    private void SortKernelSymbols()
    {
        BpfKernelSymbol[] sorted = [.. KernelSymbols.OrderBy(symbol => symbol.Name, StringComparer.Ordinal)];
        Dictionary<int, int> positions = [];
        for (int i = 0; i < sorted.Length; i++)
        {
            positions.Add(sorted[i].Index, i);
            KernelSymbols[i] = sorted[i] with { Index = i };
        }

        foreach ((int symbol, int index) in KernelSymbolIndexes)
        {
            KernelSymbolIndexes[symbol] = positions[index];
        }
    }

    // The order is libbpf's, so that a loaded map looks the same to every tool: wide alignment first, then small sizes, then by name.
    private void LayOut()
    {
        ulong end = 0;
        foreach (ConfigurationExtern value in Configuration.Values
            .OrderBy(value => -(long)value.Alignment).ThenBy(value => value.Size).ThenBy(value => value.Name, StringComparer.Ordinal))
        {
            end = (end + value.Alignment - 1) / value.Alignment * value.Alignment;
            value.Offset = (uint)end;
            end += value.Size;
            if (end > MaximumConfigurationSize)
            {
                throw new BadImageException($"{_objectName}: the values of the kernel's configuration need more than "
                    + $"{MaximumConfigurationSize} bytes");
            }
        }

        ConfigurationSize = (uint)end;
    }
}
