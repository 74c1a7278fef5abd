using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Objects;

/// <summary>The symbols of an object, sorted by what they are good for. One pass over the table.</summary>
internal sealed class SymbolIndex
{
    private readonly Dictionary<int, List<ElfSymbol>> _functions = [];
    private readonly Dictionary<int, List<ElfSymbol>> _objects = [];
    private readonly Dictionary<(int Section, string Name), ElfSymbol> _byName = [];

    /// <summary>Reads the symbol table.</summary>
    /// <exception cref="BadImageException">A name is not inside the string table.</exception>
    public SymbolIndex(ElfFile file)
    {
        Dictionary<int, List<ElfSymbol>> untyped = [];
        for (uint i = 1; i < (uint)file.SymbolCount; i++)
        {
            ElfSymbol symbol = file.Symbol(i);
            if (symbol.IsExtern && !file.NameOf(symbol).IsEmpty)
            {
                Externs.Add(symbol);
            }
            else if (symbol.IsDefined && symbol.SectionIndex < file.Sections.Length)
            {
                Add(file, symbol, untyped);
            }
        }

        // LLVM before 8 gives functions no type; what is global in a section with code must be one. Labels are local.
        foreach ((int section, List<ElfSymbol> symbols) in untyped)
        {
            _functions.TryAdd(section, symbols);
        }
    }

    /// <summary>Symbols that the kernel must provide, in the order of the table.</summary>
    public List<ElfSymbol> Externs { get; } = [];

    /// <summary>Symbols of functions in a section, in the order of the table.</summary>
    public IReadOnlyList<ElfSymbol> FunctionsIn(int section) => _functions.GetValueOrDefault(section, []);

    /// <summary>Symbols of variables or maps in a section, in the order of the table.</summary>
    public IReadOnlyList<ElfSymbol> ObjectsIn(int section) => _objects.GetValueOrDefault(section, []);

    /// <summary>Finds a variable or map of a section. Of several with one name a global one, else the first.</summary>
    public bool TryFind(int section, string name, out ElfSymbol symbol) => _byName.TryGetValue((section, name), out symbol);

    private void Add(ElfFile file, ElfSymbol symbol, Dictionary<int, List<ElfSymbol>> untyped)
    {
        int section = symbol.SectionIndex;
        bool code = file.Sections[section].IsCode;
        switch (symbol.Type)
        {
            case ElfSymbolType.Function when code:
                AddTo(_functions, section, symbol);
                break;
            case ElfSymbolType.None when code && !symbol.IsLocal:
                AddTo(untyped, section, symbol);
                break;
            case ElfSymbolType.Object or ElfSymbolType.None when !code && (symbol.Type == ElfSymbolType.Object || !symbol.IsLocal):
                AddTo(_objects, section, symbol);
                string name = file.TextOf(symbol);
                if (!_byName.TryAdd((section, name), symbol) && !symbol.IsLocal)
                {
                    _byName[(section, name)] = symbol;
                }

                break;
        }
    }

    private static void AddTo(Dictionary<int, List<ElfSymbol>> lists, int section, ElfSymbol symbol)
    {
        if (!lists.TryGetValue(section, out List<ElfSymbol>? list))
        {
            lists.Add(section, list = []);
        }

        list.Add(symbol);
    }
}
