using System.Globalization;

namespace Caretta.Bpf;

/// <summary>What objects leave open about maps, and what kernels want to hear about some types.</summary>
internal static class MapFixups
{
    /// <summary>The shape to create the map with.</summary>
    public static BpfMapShape ToShape(BpfMapDefinition definition)
    {
        uint keySize = definition.KeySize;
        uint valueSize = definition.ValueSize;
        uint maxEntries = definition.MaxEntries;
        uint flags = definition.Flags;
        switch (definition.Type)
        {
            case BpfMapType.PerfEventArray:
                keySize = keySize == 0 ? sizeof(uint) : keySize;
                valueSize = valueSize == 0 ? sizeof(uint) : valueSize;
                maxEntries = maxEntries == 0 ? PossibleCpus() : maxEntries;
                break;
            case BpfMapType.RingBuffer or BpfMapType.UserRingBuffer:
                // ringbuf_map_alloc: a power of two of whole pages, and no keys or values.
                keySize = valueSize = 0;
                uint pageSize = (uint)Environment.SystemPageSize;
                maxEntries = System.Numerics.BitOperations.RoundUpToPowerOf2(Math.Max(maxEntries, pageSize));
                break;
            case BpfMapType.ArrayOfMaps or BpfMapType.HashOfMaps or BpfMapType.ProgramArray:
                keySize = keySize == 0 ? sizeof(uint) : keySize;
                valueSize = valueSize == 0 ? sizeof(uint) : valueSize;
                break;
        }

        if (definition.IsMmapable)
        {
            flags |= BpfMapDefinition.Mmapable;
        }

        return new BpfMapShape(definition.Name, definition.Type, (int)keySize, (int)valueSize, maxEntries, flags);
    }

    /// <summary>Whether the kernel takes type information with this map; the others refuse the whole map for it.</summary>
    public static bool TakesTypes(BpfMapDefinition definition) => definition.BtfValueTypeId != 0 && definition.Type is not (
        BpfMapType.PerfEventArray or BpfMapType.ProgramArray or BpfMapType.ArrayOfMaps or BpfMapType.HashOfMaps
        or BpfMapType.RingBuffer or BpfMapType.UserRingBuffer or BpfMapType.StackTrace);

    /// <summary>CPUs there may ever be: one more than the highest in <c>/sys/devices/system/cpu/possible</c>, e.g. <c>0-3,8-11</c>.</summary>
    public static uint PossibleCpus()
    {
        string text = File.ReadAllText("/sys/devices/system/cpu/possible").Trim();
        int last = text.LastIndexOfAny(['-', ',']);
        return uint.Parse(text.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture) + 1;
    }
}
