namespace Caretta.Bpf;

/// <summary>An object's maps and programs in the kernel. Disposing it frees what nothing else holds.</summary>
/// <remarks>Thread-safe once built.</remarks>
public sealed class LoadedObject : IDisposable
{
    private readonly BpfObject _file;
    private readonly BpfMap?[] _maps;
    private readonly BpfProgram?[] _programs;

    private readonly uint _arenaOffset;
    private readonly IReadOnlyDictionary<int, StructOpsLayout> _structs;

    /// <param name="file">What was loaded.</param>
    /// <param name="maps">Its maps, null where there is none.</param>
    /// <param name="programs">Its programs, null where there is none.</param>
    /// <param name="leftOut">What is missing for a reason.</param>
    /// <param name="structs">The values of its structs of the kernel by number of the map.</param>
    /// <param name="arenaOffset">Bytes from the start of the arena to its variables.</param>
    internal LoadedObject(
        BpfObject file, BpfMap?[] maps, BpfProgram?[] programs, IReadOnlyDictionary<string, Exception> leftOut,
        IReadOnlyDictionary<int, StructOpsLayout> structs, uint arenaOffset)
    {
        _structs = structs;
        _arenaOffset = arenaOffset;
        _file = file;
        _maps = maps;
        _programs = programs;
        LeftOut = leftOut;
        Maps = [.. maps.OfType<BpfMap>()];
    }

    /// <summary>All maps that were created, those of data sections included, in the order of the object.</summary>
    public IReadOnlyList<BpfMap> Maps { get; }

    /// <summary>The optional maps and programs that this kernel refused, by name, with the reason: usually a <see cref="BpfException"/>.</summary>
    public IReadOnlyDictionary<string, Exception> LeftOut { get; }

    /// <summary>The programs that were loaded, in the order of the object.</summary>
    public IEnumerable<BpfProgram> Programs => _programs.OfType<BpfProgram>();

    /// <summary>A map by the name it has in the object.</summary>
    /// <exception cref="KeyNotFoundException">There is none, or it was not created.</exception>
    public BpfMap Map(string name) => FindMap(name) ?? throw new KeyNotFoundException($"{_file.Name} has no map {name}");

    /// <summary>A map by the name it has in the object.</summary>
    /// <returns>Null if there is none, or it was not created.</returns>
    public BpfMap? FindMap(string name) => Array.Find(_maps, map => map?.Name == name);

    /// <summary>A loaded program by its function's name.</summary>
    /// <exception cref="KeyNotFoundException">There is none, or it was not to be loaded.</exception>
    public BpfProgram Program(string name) =>
        FindProgram(name) ?? throw new KeyNotFoundException($"{_file.Name} has no loaded program {name}");

    /// <summary>A loaded program by its function's name.</summary>
    /// <returns>Null if there is none, it was not to be loaded, or it was optional and refused.</returns>
    public BpfProgram? FindProgram(string name) => Array.Find(_programs, program => program?.Name == name);

    /// <summary>
    /// The bytes of a global variable in an arena, shared with the programs: for <see cref="Volatile"/> and <see cref="Interlocked"/>.
    /// Valid until this is disposed.
    /// </summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Span<byte> ArenaVariable(string name)
    {
        return _file.TryFindVariable(name, out BpfVariable variable) && _maps[variable.MapIndex]?.Arena is { } arena
            ? arena.Slice((long)_arenaOffset + variable.Offset, (int)variable.Size)
            : throw new KeyNotFoundException($"{_file.Name} has no variable {name} in an arena");
    }

    /// <summary>Where a global variable lives: its section's map, element 0, at this byte. For arenas ask <see cref="ArenaVariable"/>.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public (BpfMap Map, int Offset) Variable(string name)
    {
        return _file.TryFindVariable(name, out BpfVariable variable) && _maps[variable.MapIndex] is { Arena: null } map
            ? (map, (int)variable.Offset)
            : throw new KeyNotFoundException($"{_file.Name} has no variable {name}");
    }

    /// <summary>
    /// Registers a struct of the kernel whose functions are programs (<c>.struct_ops</c>, Linux 5.6; <c>.struct_ops.link</c>, Linux 6.4), for
    /// example a congestion control. Disposing the result takes it out of the kernel again, once nobody uses it any more. Without a link of
    /// the kernel it outlives the process.
    /// </summary>
    /// <param name="map">Name of the variable that holds the struct.</param>
    /// <exception cref="BpfException">Refused: EEXIST if there is one of the same name, EINVAL or ENOTSUPP if a function is missing.</exception>
    /// <exception cref="KeyNotFoundException">There is no such struct, or it was not created.</exception>
    public BpfLink AttachStruct(string map)
    {
        ArgumentException.ThrowIfNullOrEmpty(map);
        int index = Array.FindIndex(_maps, candidate => candidate?.Name == map);
        if (!_structs.TryGetValue(index, out StructOpsLayout? layout))
        {
            throw new KeyNotFoundException($"{_file.Name} has no struct {map} of the kernel");
        }

        byte[] value = [.. layout.Value];
        foreach (StructOpsFunction function in layout.Functions)
        {
            // The programs stay open as long as this object; one that was left out is a function that the struct does not have.
            if (_programs[function.ProgramIndex] is { } program)
            {
                StructOpsAttachment.SetProgram(value, function.Offset, (int)program.Handle.DangerousGetHandle());
            }
        }

        return StructOpsAttachment.Attach(_maps[index]!, value);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (BpfProgram? program in _programs)
        {
            program?.Dispose();
        }

        foreach (BpfMap map in Maps)
        {
            map.Dispose();
        }
    }
}
