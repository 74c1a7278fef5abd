using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Elf;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf.Objects;

/// <summary>Reads an object file from the container inwards: sections, symbols, types, code, maps, externs, and what refers to what.</summary>
internal sealed class BpfObjectReader
{
    private const int MaximumLicenseLength = 127;   // kernel/bpf/syscall.c, bpf_prog_load: license[128]

    private readonly ElfFile _file;
    private readonly MapLayout _layout = new();

    /// <summary>Reads everything.</summary>
    /// <exception cref="BadImageException">See <see cref="BpfObject.Parse"/>.</exception>
    public BpfObjectReader(ReadOnlyMemory<byte> image, string name)
    {
        Name = name;
        _file = ElfFile.Parse(image, name);
        License = ReadLicense();
        SymbolIndex symbols = new(_file);
        if (Find(".BTF"u8) is { } types)
        {
            Types = BtfTypes.Parse(_file.BytesOf(types), $"{name} .BTF");
            CheckNames(Types, image.Length);
        }

        (CodeSection[] sections, CodeFunction[] functions) = CodeReader.Read(_file, symbols);
        Functions = functions;
        if (Types is not null && Find(".BTF.ext"u8) is { } extension)
        {
            BtfExtension.Read(_file.BytesOf(extension).Span, $"{name} .BTF.ext", Types, sections);
        }

        Programs = ReadPrograms();
        ReadDeclaredMaps(symbols);
        ReadData(symbols);
        ExternReader? externs = ExternReader.Read(_file, symbols, Types);
        ConfigurationMap = ReadExterns(externs);
        new StructOpsReader(_file, Types, symbols, _layout, sections, Programs).Read();
        new RelocationReader(_file, sections, _layout, externs, ConfigurationMap).Read();
        Symbols = new ObjectSymbols(_file, symbols, functions, externs);
        SlotReader.Read(_file, Find(".maps"u8), _layout, sections, Programs);
    }

    /// <summary>Name of the object.</summary>
    public string Name { get; }

    /// <summary>Contents of the section <c>license</c>.</summary>
    public string License { get; }

    /// <summary>Types, if there are any.</summary>
    public BtfTypes? Types { get; }

    /// <summary>All functions by section and place.</summary>
    public CodeFunction[] Functions { get; }

    /// <summary>All functions that are programs.</summary>
    public BpfProgramDefinition[] Programs { get; }

    /// <summary>Places of sections and symbols.</summary>
    public ObjectSymbols Symbols { get; }

    /// <summary>All maps.</summary>
    public IReadOnlyList<BpfMapDefinition> Maps => _layout.Maps;

    /// <summary>Index of the map that the values go to, −1 if there are none.</summary>
    public int ConfigurationMap { get; }

    /// <summary>All variables.</summary>
    public List<BpfVariable> Variables { get; private set; } = [];

    /// <summary>Symbols that the kernel must have.</summary>
    public IReadOnlyList<BpfKernelSymbol> KernelSymbols { get; private set; } = [];

    /// <summary>Values of the kernel's configuration that programs want.</summary>
    public IReadOnlyList<ConfigurationExtern> Configuration { get; private set; } = [];

    private static void CheckNames(BtfTypes types, int imageLength)
    {
        NameBudget budget = new(types.ImageName, imageLength);
        for (uint id = types.FirstId; id <= types.Count; id++)
        {
            budget.Spend(types[id].Name.Length);
        }
    }

    private ElfSection? Find(ReadOnlySpan<byte> name)
    {
        ElfSection? found = null;
        foreach (ElfSection section in _file.Sections)
        {
            if (section.IsData && _file.NameOf(section).SequenceEqual(name))
            {
                if (found is { } first)
                {
                    throw new BadImageException($"{Name}: sections #{first.Index} and #{section.Index} are both called {Encoding.UTF8.GetString(name)}");
                }

                found = section;
            }
        }

        return found;
    }

    private string ReadLicense()
    {
        if (Find("license"u8) is not { } section)
        {
            return "";
        }

        ReadOnlySpan<byte> bytes = _file.BytesOf(section).Span;
        int end = bytes.IndexOf((byte)0);
        ReadOnlySpan<byte> license = end < 0 ? bytes : bytes[..end];
        if (bytes.IsEmpty || license.Length > MaximumLicenseLength)
        {
            throw new BadImageException($"{Name}: section license has {bytes.Length} bytes, expected 1 to {MaximumLicenseLength} of text");
        }

        return Encoding.UTF8.GetString(license);
    }

    // A function of any other section is a program, static or not: old objects declare their programs static.
    private BpfProgramDefinition[] ReadPrograms()
    {
        List<BpfProgramDefinition> programs = [];
        foreach (CodeFunction function in Functions)
        {
            if (function.Section.Name != CodeSection.Subprograms)
            {
                programs.Add(new BpfProgramDefinition(programs.Count, function.Index, function.Name, function.Section.Name, function.Length));
            }
        }

        return [.. programs];
    }

    private void ReadDeclaredMaps(SymbolIndex symbols)
    {
        if (Find("maps"u8) is { Size: > 0 } legacy)
        {
            LegacyMapReader.Read(_file, legacy, symbols, _layout);
        }

        if (Find(".maps"u8) is { Size: > 0 } maps)
        {
            MapReader.Read(_file, maps, Types, symbols, _layout);
        }
    }

    private void ReadData(SymbolIndex symbols)
    {
        DataReader reader = new(_file, Types, symbols, _layout);
        foreach (ElfSection section in _file.Sections)
        {
            if (reader.IsArena(section))
            {
                reader.ReadArena(section);
            }
            else if (reader.KindOf(section) is { } kind)
            {
                reader.Read(section, kind);
            }
        }

        Variables = reader.Variables;
    }

    private int ReadExterns(ExternReader? externs)
    {
        if (externs is null)
        {
            return -1;
        }

        KernelSymbols = externs.KernelSymbols;
        if (externs.ConfigurationSize == 0)
        {
            return -1;
        }

        BpfMapDefinition map = new(_layout.Maps.Count, ".kconfig", BpfMapKind.KernelConfiguration, externs.ConfigurationSize, default)
        {
            BtfValueTypeId = externs.ConfigurationTypeId,
        };
        _layout.Maps.Add(map);
        Configuration = [.. externs.Configuration.Values.OrderBy(value => value.Offset)];
        foreach (ConfigurationExtern value in Configuration)
        {
            Variables.Add(new BpfVariable(value.Name, map.Index, value.Offset, value.Size, 0));
        }

        return map.Index;
    }
}
