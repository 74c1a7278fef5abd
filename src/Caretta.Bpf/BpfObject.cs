using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.CoreRelocation;
using Caretta.Bpf.Elf;
using Caretta.Bpf.Linking;
using Caretta.Bpf.Objects;

namespace Caretta.Bpf;

/// <summary>
/// A compiled BPF object file: its programs, maps, variables and types, taken apart and not yet loaded. Parsing needs no kernel and no
/// privilege; the same bytes give the same object anywhere.
/// </summary>
/// <remarks>
/// Definitions and variables may be changed until the object is loaded, by one thread. The image is kept and must not change.
/// Format: ELF64 as <c>clang -target bpf</c> writes it. Big-endian objects can be looked into and linked, not loaded.
/// </remarks>
public sealed class BpfObject
{
    private readonly Dictionary<string, BpfVariable> _variables;
    private readonly HashSet<string> _ambiguousVariables;
    private readonly IReadOnlyList<ConfigurationExtern> _configuration;
    private readonly ObjectSymbols _symbols;
    private readonly int _configurationMap;

    internal BpfObject(BpfObjectReader reader)
    {
        Name = reader.Name;
        License = reader.License;
        Btf = reader.Types;
        Maps = reader.Maps;
        Programs = reader.Programs;
        KernelSymbols = reader.KernelSymbols;
        Functions = reader.Functions;
        _configuration = reader.Configuration;
        _symbols = reader.Symbols;
        _configurationMap = reader.ConfigurationMap;
        (_variables, _ambiguousVariables) = Index(reader.Variables);
    }

    /// <summary>Name of the object, for messages.</summary>
    public string Name { get; }

    /// <summary>
    /// The license as the object states it, for the kernel to judge: helpers that only GPL-compatible programs may call depend on it.
    /// Empty if it states none.
    /// </summary>
    public string License { get; }

    /// <summary>Types of the object, or <see langword="null"/> if it was compiled without.</summary>
    public BtfTypes? Btf { get; }

    /// <summary>Whether the object is for big-endian machines: instructions were converted, the bytes of variables were not.</summary>
    public bool IsBigEndian { get; private init; }

    /// <summary>All maps: those declared, then one for each data section, then the kernel's configuration if it is used.</summary>
    public IReadOnlyList<BpfMapDefinition> Maps { get; }

    /// <summary>All programs, by section and place.</summary>
    public IReadOnlyList<BpfProgramDefinition> Programs { get; }

    /// <summary>What programs want from the kernel by name.</summary>
    public IReadOnlyList<BpfKernelSymbol> KernelSymbols { get; }

    /// <summary>All variables of all data sections.</summary>
    public IReadOnlyCollection<BpfVariable> Variables => _variables.Values;

    /// <summary>Whether <see cref="ApplyConfiguration"/> has something to do, and so the kernel's configuration is worth reading.</summary>
    public bool UsesConfiguration => _configuration.Count > 0;

    /// <summary>Whether code of the object asks for types of the kernel, so that a linker needs them.</summary>
    public bool UsesKernelTypes => Functions.Any(static function => function.Section.CoreRecords.Length > 0);

    /// <summary>All functions, programs included.</summary>
    internal IReadOnlyList<CodeFunction> Functions { get; }

    /// <summary>Variables that receive the kernel's configuration.</summary>
    internal IReadOnlyList<ConfigurationExtern> Configuration => _configuration;

    /// <summary>Takes an object file apart.</summary>
    /// <param name="image">The file. It is kept and must not change.</param>
    /// <param name="name">Name for messages, usually that of the file.</param>
    /// <exception cref="BadImageException">The file is malformed or uses what is not supported; the message says where.</exception>
    /// <remarks>Takes time in proportion to the file, and no more memory than a small multiple of it.</remarks>
    public static BpfObject Parse(ReadOnlyMemory<byte> image, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        bool isBigEndian = ElfByteOrder.IsBigEndian(image.Span);
        return new BpfObject(new BpfObjectReader(isBigEndian ? ElfByteOrder.ToLittleEndian(image.Span, name) : image, name)) { IsBigEndian = isBigEndian };
    }

    /// <summary>Finds a program by the name of its function.</summary>
    /// <exception cref="KeyNotFoundException">There is no such program.</exception>
    public BpfProgramDefinition Program(string name) =>
        Programs.FirstOrDefault(program => program.Name == name) ?? throw new KeyNotFoundException($"{Name} has no program {name}");

    /// <summary>Finds a map by its name: of its variable, or of the data section, as <c>.rodata</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is no such map.</exception>
    public BpfMapDefinition Map(string name) =>
        Maps.FirstOrDefault(map => map.Name == name) ?? throw new KeyNotFoundException($"{Name} has no map {name}");

    /// <summary>Finds a global or static variable, to read or write it where its map is.</summary>
    /// <returns><see langword="false"/> if there is none of this name.</returns>
    /// <exception cref="InvalidOperationException">Several static variables have this name.</exception>
    public bool TryFindVariable(string name, out BpfVariable variable)
    {
        if (_ambiguousVariables.Contains(name))
        {
            throw new InvalidOperationException($"{Name} has several static variables {name}");
        }

        return _variables.TryGetValue(name, out variable);
    }

    /// <summary>Sets the value that a variable, constant or not, has when the object is loaded.</summary>
    /// <param name="name">Name of the variable in C.</param>
    /// <param name="value">New value in the byte order of the host; its size must be exactly the variable's.</param>
    /// <exception cref="KeyNotFoundException">There is no such variable.</exception>
    /// <exception cref="ArgumentException">The size differs.</exception>
    public void SetVariable<T>(string name, T value)
        where T : unmanaged =>
        SetVariable(name, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Sets all bytes that a variable has when the object is loaded.</summary>
    /// <param name="name">Name of the variable in C.</param>
    /// <param name="value">Exactly as many bytes as the variable has.</param>
    /// <exception cref="KeyNotFoundException">There is no such variable.</exception>
    /// <exception cref="ArgumentException">The size differs.</exception>
    public void SetVariable(string name, ReadOnlySpan<byte> value)
    {
        if (!TryFindVariable(name, out BpfVariable variable))
        {
            throw new KeyNotFoundException($"{Name} has no variable {name}");
        }

        if (value.Length != variable.Size)
        {
            throw new ArgumentException($"variable {name} of {Name} has {variable.Size} bytes, not {value.Length}", nameof(value));
        }

        value.CopyTo(Maps[variable.MapIndex].InitialValue.Span[(int)variable.Offset..]);
    }

    /// <summary>Reads the value that a variable has when the object is loaded.</summary>
    /// <exception cref="KeyNotFoundException">There is no such variable.</exception>
    /// <exception cref="ArgumentException">The size of <typeparamref name="T"/> is not the variable's.</exception>
    public T GetVariable<T>(string name)
        where T : unmanaged
    {
        if (!TryFindVariable(name, out BpfVariable variable))
        {
            throw new KeyNotFoundException($"{Name} has no variable {name}");
        }

        if (variable.Size != Unsafe.SizeOf<T>())
        {
            throw new ArgumentException($"variable {name} of {Name} has {variable.Size} bytes, not {Unsafe.SizeOf<T>()}", nameof(name));
        }

        return MemoryMarshal.Read<T>(Maps[variable.MapIndex].InitialValue.Span[(int)variable.Offset..]);
    }

    /// <summary>Writes the kernel's configuration into the variables declared as <c>extern … __kconfig</c>.</summary>
    /// <param name="config">Options of the running kernel.</param>
    /// <param name="facts">What no file says about it.</param>
    /// <exception cref="BadImageException">
    /// An option is not set and its variable is not weak, or its value does not fit the variable.
    /// </exception>
    public void ApplyConfiguration(KernelConfig config, BpfKernelFacts facts)
    {
        ArgumentNullException.ThrowIfNull(config);
        foreach (ConfigurationExtern value in _configuration)
        {
            Span<byte> target = Maps[_configurationMap].InitialValue.Span.Slice((int)value.Offset, (int)value.Size);
            if (FactFor(value.Name, facts) is { } number)
            {
                value.WriteNumber(number, target, Name);
            }
            else if (config.TryGetValue(value.Name, out string text))
            {
                value.Write(text, target, Name);
            }
            else if (!value.IsWeak)
            {
                throw new BadImageException($"{Name}: needs the value of {value.Name}, and {config.Name} does not have it");
            }
        }
    }

    /// <summary>Prepares to link programs of this object for one kernel.</summary>
    /// <param name="kernelTypes">
    /// BTF of that kernel, for CO-RE. Without it, only programs that have no CO-RE relocations can be linked.
    /// </param>
    /// <param name="modules">BTF of its modules, each on top of <paramref name="kernelTypes"/>.</param>
    public ProgramLinker CreateLinker(BtfTypes? kernelTypes, params ReadOnlySpan<BtfTypes> modules)
    {
        BtfTypes[] known = modules.ToArray();
        return new ProgramLinker(this, kernelTypes, () => known);
    }

    /// <summary>As the other one, for modules whose types are read only once something is not found in the kernel proper.</summary>
    /// <param name="kernelTypes">BTF of that kernel.</param>
    /// <param name="readModules">Reads the BTF of its modules, each on top of <paramref name="kernelTypes"/>. Called once at most.</param>
    public ProgramLinker CreateLinker(BtfTypes? kernelTypes, Func<IReadOnlyList<BtfTypes>> readModules)
    {
        ArgumentNullException.ThrowIfNull(readModules);
        return new ProgramLinker(this, kernelTypes, readModules);
    }

    /// <summary>Finds the type of a kernel's variable or function that the object wants, in one image.</summary>
    /// <param name="symbol">One of <see cref="KernelSymbols"/> with a type.</param>
    /// <param name="types">Types of the kernel, or of one of its modules, which then stand before the kernel's.</param>
    /// <returns>Id of the <c>VAR</c> or <c>FUNC</c>; 0 if there is none, or if it is a function with other parameters and the symbol is weak.</returns>
    /// <exception cref="KeyNotFoundException">There is one, but the object expects one of another type.</exception>
    /// <remarks>Source: libbpf, <c>bpf_object__resolve_ksym_var_btf_id</c>, <c>bpf_object__resolve_ksym_func_btf_id</c>.</remarks>
    public uint FindKernelSymbol(BpfKernelSymbol symbol, BtfTypes types)
    {
        ArgumentNullException.ThrowIfNull(types);
        bool isFunction = symbol.Kind == BpfKernelSymbolKind.Function;
        uint id = types.FindByName(
            BtfName.Essential(Encoding.UTF8.GetBytes(symbol.Name)), isFunction ? BtfKind.Function : BtfKind.Variable);
        if (id == 0 || symbol.TypeId == 0)
        {
            return id;
        }

        uint found = types.SkipModifiers(types[id].TypeId).Id;
        if (new CoreTypeComparer(new CoreQuestion(Btf!), types).AreCompatible(symbol.TypeId, found))
        {
            return id;
        }

        return isFunction && symbol.IsWeak ? 0u : throw new KeyNotFoundException(
            $"{Name}: {symbol.Name} is {Btf![symbol.TypeId]} here but {types[found]} in {types.ImageName}");
    }

    /// <summary>Makes of <see cref="Btf"/> the image to give to a kernel; ids stay the same.</summary>
    /// <param name="features">What that kernel understands of BTF.</param>
    /// <returns>The image for <c>BPF_BTF_LOAD</c> (Linux 4.18), or <see langword="null"/> if the object has no types.</returns>
    /// <exception cref="BadImageException">The types name a section or variable that the object has not.</exception>
    public byte[]? EncodeBtf(BtfFeatures features) => Btf is null ? null : BtfEncoder.Encode(Btf, _symbols, features);

    private static ulong? FactFor(string name, BpfKernelFacts facts) => name switch
    {
        "LINUX_KERNEL_VERSION" => facts.KernelVersion,
        "LINUX_HAS_BPF_COOKIE" => facts.HasBpfCookie ? 1UL : 0,
        "LINUX_HAS_SYSCALL_WRAPPER" => facts.HasSyscallWrapper ? 1UL : 0,
        _ => null,
    };

    private static (Dictionary<string, BpfVariable> Variables, HashSet<string> Ambiguous) Index(List<BpfVariable> variables)
    {
        Dictionary<string, BpfVariable> byName = [];
        HashSet<string> ambiguous = [];
        foreach (BpfVariable variable in variables)
        {
            if (!byName.TryAdd(variable.Name, variable))
            {
                ambiguous.Add(variable.Name);
            }
        }

        return (byName, ambiguous);
    }
}
