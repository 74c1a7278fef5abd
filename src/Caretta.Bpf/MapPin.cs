using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Maps that several loads share by name: the first one makes the map, the others find it.</summary>
internal static class MapPin
{
    // The name can be removed between being refused and being opened, but hardly that often.
    private const int MaxTries = 10;

    /// <summary>Opens the map that is pinned, or creates and pins it.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="shape">What it must be like.</param>
    /// <param name="mapExtra">As <paramref name="shape"/>.</param>
    /// <param name="create">Creates it.</param>
    /// <param name="isCreated">Whether the name is new.</param>
    /// <exception cref="BpfException">Refused, or what is pinned is another map: EINVAL, the advice says in what it differs.</exception>
    public static BpfMap OpenOrCreate(string path, in BpfMapShape shape, ulong mapExtra, Func<BpfMap> create, out bool isCreated)
    {
        for (int i = 0; ; i++)
        {
            isCreated = false;
            if (PinnedObject.TryOpen(path, "pinned map") is { } pinned)
            {
                return Reuse(pinned, path, shape, mapExtra);
            }

            BpfMap map = create();
            int result = PinnedObject.TryPin(map.Handle, path);
            if (result >= 0)
            {
                isCreated = true;
                return map;
            }

            map.Dispose();

            // EEXIST: another load was faster, and its map is the one.
            if (result != -Errno.EEXIST || i == MaxTries)
            {
                throw new BpfException($"pin map {shape.Name} at {path}", -result, advice: PinnedObject.AdviceFor(result));
            }
        }
    }

    private static BpfMap Reuse(BpfHandle pinned, string path, in BpfMapShape shape, ulong mapExtra)
    {
        try
        {
            bpf_map_info info = BpfMap.ReadInfo(pinned, path);
            if (FindDifference(info, shape, mapExtra) is { } difference)
            {
                throw new BpfException($"reuse pinned map {path} for {shape.Name}", Errno.EINVAL, advice: difference);
            }

            return new BpfMap(pinned, shape);
        }
        catch
        {
            pinned.Dispose();
            throw;
        }
    }

    private static string? FindDifference(in bpf_map_info info, in BpfMapShape shape, ulong mapExtra)
    {
        // dev_map_alloc sets it by itself.
        uint ignored = shape.Type is BpfMapType.DeviceMap or BpfMapType.DeviceHash ? BpfMapDefinition.ReadOnlyForPrograms : 0;
        return Compare("type", info.type, (uint)shape.Type)
            ?? Compare("key_size", info.key_size, (uint)shape.KeySize)
            ?? Compare("value_size", info.value_size, (uint)shape.ValueSize)
            ?? Compare("max_entries", info.max_entries, shape.MaxEntries)
            ?? Compare("map_flags", info.map_flags & ~ignored, shape.Flags & ~ignored)
            ?? Compare("map_extra", info.map_extra, mapExtra);

        static string? Compare(string field, ulong actual, ulong wanted) =>
            actual == wanted ? null : $"its {field} is {actual}, and the object wants {wanted}: remove the file if nobody uses it";
    }
}
