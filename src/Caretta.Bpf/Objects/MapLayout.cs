namespace Caretta.Bpf.Objects;

/// <summary>The maps of an object while it is read, and where in the object file they are declared.</summary>
internal sealed class MapLayout
{
    private readonly Dictionary<(int Section, ulong Offset), int> _declared = [];
    private readonly Dictionary<int, int> _data = [];

    /// <summary>All maps in the order in which they were found.</summary>
    public List<BpfMapDefinition> Maps { get; } = [];

    /// <summary>Where the slots of maps with initial values are, in ascending order.</summary>
    public List<MapSlots> Slots { get; } = [];

    /// <summary>Adds a declared map.</summary>
    /// <exception cref="BadImageException">Another map is declared at the same place.</exception>
    public void Add(string objectName, BpfMapDefinition map, int section, ulong offset)
    {
        if (!_declared.TryAdd((section, offset), map.Index))
        {
            throw new BadImageException($"{objectName}: maps {Maps[_declared[(section, offset)]].Name} and {map.Name} are both "
                + $"at offset 0x{offset:x} of section #{section}");
        }

        Maps.Add(map);
    }

    /// <summary>Adds the map of a data section.</summary>
    public void AddData(BpfMapDefinition map, int section)
    {
        Maps.Add(map);
        _data.Add(section, map.Index);
    }

    /// <summary>Says that the variables of a section lie in a map that is declared.</summary>
    public void AddArena(BpfMapDefinition map, int section) => _data.Add(section, map.Index);

    /// <summary>Finds the map declared at a place; −1 if there is none.</summary>
    public int DeclaredAt(int section, ulong offset) => _declared.GetValueOrDefault((section, offset), -1);

    /// <summary>Finds the map of a data section; −1 if the section is none.</summary>
    public int DataOf(int section) => _data.GetValueOrDefault(section, -1);
}
