using Caretta.Bpf;
using Caretta.Bpf.CoreRelocation;

namespace Caretta.Aot.Inspect;

/// <summary>
/// What <c>caretta inspect</c> found out about an object: its parts, how its programs link against a kernel's types, and whether the
/// running kernel takes it.
/// </summary>
/// <remarks>Used by one thread. It never throws for what is wrong with the object: that is what it reports.</remarks>
internal sealed class ObjectInspection
{
    private readonly List<string> _errors = [];
    private readonly List<ProgramInspection> _programs = [];
    private readonly List<CoreResolution> _resolutions = [];

    private ObjectInspection(string name) => Name = name;

    /// <summary>Name of the object, as given.</summary>
    public string Name { get; }

    /// <summary>The object; <see langword="null"/> if it cannot be understood.</summary>
    public BpfObject? Object { get; private set; }

    /// <summary>Name of the types that its programs were linked against; <see langword="null"/> if none of them asks for any.</summary>
    public string? TargetName { get; private set; }

    /// <summary>Everything that went wrong, programs excepted: those say it themselves.</summary>
    public IReadOnlyList<string> Errors => _errors;

    /// <summary>All programs in the order of the object.</summary>
    public IReadOnlyList<ProgramInspection> Programs => _programs;

    /// <summary>All relocations against kernel types, function by function in the order of linking.</summary>
    public IReadOnlyList<CoreResolution> Resolutions => _resolutions;

    /// <summary>Whether the kernel was asked, and took all that is to be loaded; <see langword="null"/> if it was not asked.</summary>
    public bool? Loaded { get; private set; }

    /// <summary>Whether everything that was asked for worked.</summary>
    public bool Passed => _errors.Count == 0 && Loaded != false && _programs.TrueForAll(static program => program.Error is null);

    /// <summary>Looks into an object.</summary>
    /// <param name="image">The file.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="options">What to do with it.</param>
    public static ObjectInspection Run(ReadOnlyMemory<byte> image, string name, InspectOptions options)
    {
        var inspection = new ObjectInspection(name);
        try
        {
            inspection.Object = BpfObject.Parse(image, name);
        }
        catch (BadImageException exception)
        {
            inspection._errors.Add(exception.Message);
            return inspection;
        }

        inspection.Link(options.BtfPath);
        if (options.Load)
        {
            inspection.Load(image);
        }

        return inspection;
    }

    private void Link(string? btfPath)
    {
        BpfObject bpf = Object!;
        using TargetTypes? target = bpf.UsesKernelTypes ? ReadTarget(btfPath) : null;
        TargetName = target?.Name;
        var linker = bpf.CreateLinker(target?.Types, target?.Modules ?? []);
        linker.Resolutions = _resolutions;
        foreach (BpfProgramDefinition definition in bpf.Programs)
        {
            var program = new ProgramInspection(definition);
            _programs.Add(program);
            try
            {
                program.Linked = linker.Link(definition);
            }
            catch (Exception exception) when (exception is BadImageException or CoreRelocationException)
            {
                program.Error = exception.Message;
            }
            catch (InvalidOperationException) when (target is null && bpf.UsesKernelTypes)
            {
                program.Error = "not linked: it asks for kernel types, and there are none";
            }
        }

        ResolveSymbols();
    }

    private TargetTypes? ReadTarget(string? btfPath)
    {
        try
        {
            return TargetTypes.Read(btfPath);
        }
        catch (Exception exception) when (exception is BadImageException or IOException or UnauthorizedAccessException)
        {
            _errors.Add(exception.Message);
            return null;
        }
    }

    // Whatever --btf says: a program can only ever use what the running kernel has.
    private void ResolveSymbols()
    {
        if (!Object!.KernelSymbols.Any(static symbol => symbol.Kind != BpfKernelSymbolKind.Address) || !KernelTypes.AreAvailable)
        {
            return;
        }

        using KernelTypes kernel = KernelTypes.Read();
        foreach (ProgramInspection program in _programs)
        {
            program.ResolveSymbols(Object, kernel);
        }
    }

    private void Load(ReadOnlyMemory<byte> image)
    {
        try
        {
            using LoadedObject loaded = BpfLoader.Load(BpfObject.Parse(image, Name));
            Loaded = true;
            foreach (ProgramInspection program in _programs)
            {
                program.Loaded = program.Definition.AutoLoad ? true : null;
            }
        }
        catch (Exception exception) when (IsRefusal(exception))
        {
            Loaded = false;
            _errors.Add(exception.Message);
            foreach (ProgramInspection program in _programs)
            {
                program.LoadAlone(image, Name);
            }
        }
    }

    /// <summary>Whether an exception says that something cannot be loaded here, as opposed to a mistake of ours.</summary>
    internal static bool IsRefusal(Exception exception) =>
        exception is BpfException or BadImageException or CoreRelocationException or KeyNotFoundException or NotSupportedException
            or InvalidOperationException or IOException or UnauthorizedAccessException;
}
