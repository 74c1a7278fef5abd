using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Elf;
using Caretta.Bpf.Linking;

namespace Caretta.Bpf.Objects;

/// <summary>Tells the places of sections, variables and functions to whoever completes the object's types.</summary>
internal sealed class ObjectSymbols : IBtfSymbols
{
    private readonly Dictionary<string, ElfSection> _sections = [];
    private readonly Dictionary<string, ConfigurationExtern> _configuration = [];
    private readonly HashSet<string> _hiddenFunctions = [];
    private readonly SymbolIndex _symbols;
    private readonly uint _configurationSize;

    /// <summary>Collects what is known of an object.</summary>
    /// <exception cref="BadImageException">A section's name is not inside the string table.</exception>
    public ObjectSymbols(ElfFile file, SymbolIndex symbols, IEnumerable<CodeFunction> functions, ExternReader? externs)
    {
        _symbols = symbols;
        foreach (ElfSection section in file.Sections)
        {
            // Relocations and tables have names too, but no variables.
            if (section.IsData || section.IsNoBits)
            {
                _sections.TryAdd(file.TextOf(section), section);
            }
        }

        foreach (CodeFunction function in functions)
        {
            if (function.IsHidden)
            {
                _hiddenFunctions.Add(function.Name);
            }
        }

        foreach (ConfigurationExtern value in (IEnumerable<ConfigurationExtern>?)externs?.Configuration.Values ?? [])
        {
            _configuration.TryAdd(value.Name, value);
        }

        _configurationSize = externs?.ConfigurationSize ?? 0;
    }

    /// <inheritdoc/>
    public bool TryGetSectionSize(ReadOnlySpan<byte> section, out uint size)
    {
        if (section.SequenceEqual(".kconfig"u8))
        {
            size = _configurationSize;
            return true;
        }

        bool found = _sections.TryGetValue(Encoding.UTF8.GetString(section), out ElfSection header) && header.Size <= uint.MaxValue;
        size = found ? (uint)header.Size : 0;
        return found;
    }

    /// <inheritdoc/>
    public bool TryGetVariable(ReadOnlySpan<byte> section, ReadOnlySpan<byte> name, out uint offset, out bool isHidden)
    {
        string text = Encoding.UTF8.GetString(name);
        if (section.SequenceEqual(".kconfig"u8))
        {
            isHidden = false;
            bool known = _configuration.TryGetValue(text, out ConfigurationExtern? value);
            offset = value?.Offset ?? 0;
            return known;
        }

        ElfSymbol symbol = default;
        bool found = _sections.TryGetValue(Encoding.UTF8.GetString(section), out ElfSection header)
            && _symbols.TryFind(header.Index, text, out symbol) && symbol.Value <= uint.MaxValue;
        offset = (uint)symbol.Value;
        isHidden = symbol.IsHidden;
        return found;
    }

    /// <inheritdoc/>
    public bool IsHiddenFunction(ReadOnlySpan<byte> name) =>
        _hiddenFunctions.Count > 0 && _hiddenFunctions.Contains(Encoding.UTF8.GetString(name));
}
