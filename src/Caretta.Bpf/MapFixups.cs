using System.Numerics;

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
                maxEntries = maxEntries == 0 ? (uint)PossibleCpus.End : maxEntries;
                break;
            case BpfMapType.RingBuffer or BpfMapType.UserRingBuffer:
                // ringbuf_map_alloc: a power of two of whole pages, and no keys or values.
                keySize = valueSize = 0;
                maxEntries = BitOperations.RoundUpToPowerOf2(Math.Max(maxEntries, (uint)Environment.SystemPageSize));
                break;
            case BpfMapType.ArrayOfMaps or BpfMapType.HashOfMaps or BpfMapType.ProgramArray:
                keySize = keySize == 0 ? sizeof(uint) : keySize;
                valueSize = valueSize == 0 ? sizeof(uint) : valueSize;
                break;
        }

        return new BpfMapShape(definition.Name, definition.Type, (int)keySize, (int)valueSize, maxEntries, flags);
    }

    /// <summary>Whether the kernel takes type information with this map; the others refuse the whole map for it.</summary>
    public static bool TakesTypes(BpfMapDefinition definition) => definition.BtfValueTypeId != 0 && definition.Type is not (
        BpfMapType.PerfEventArray or BpfMapType.ProgramArray or BpfMapType.ArrayOfMaps or BpfMapType.HashOfMaps
        or BpfMapType.RingBuffer or BpfMapType.UserRingBuffer or BpfMapType.StackTrace);
}
