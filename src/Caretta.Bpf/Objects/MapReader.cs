using System.Globalization;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Objects;

/// <summary>
/// Reads the section <c>.maps</c>, where every map is a variable whose struct type says everything: <c>__uint(name, N)</c> is a pointer to
/// an array of N, <c>__type(name, T)</c> a pointer to T, <c>__ulong(name, N)</c> an enumeration with the value N, and <c>values</c> an array
/// of pointers to a map or a function.
/// </summary>
/// <remarks>Source: <c>Documentation/bpf/libbpf/libbpf_overview.rst</c> and the macros of <c>bpf_helpers.h</c>.</remarks>
internal sealed class MapReader
{
    private const uint MapOfMapsValueSize = sizeof(uint);
    private const uint PinByName = 1;
    private const int MaximumAttributes = 16;

    private readonly string _objectName;
    private readonly BtfTypes _types;

    private MapReader(string objectName, BtfTypes types)
    {
        _objectName = objectName;
        _types = types;
    }

    /// <summary>Reads all maps of the section <c>.maps</c> and adds them to <paramref name="layout"/>.</summary>
    /// <exception cref="BadImageException">There are no types, or a map is not described as it should be.</exception>
    public static void Read(ElfFile file, ElfSection section, BtfTypes? types, SymbolIndex symbols, MapLayout layout)
    {
        if (types is null)
        {
            throw new BadImageException($"{file.Name}: section .maps describes its maps by types, but there is no section .BTF");
        }

        uint id = types.FindByName(".maps"u8, BtfKind.DataSection);
        if (id == 0)
        {
            throw new BadImageException($"{file.Name}: section .maps has no type; was it compiled with -g?");
        }

        MapReader reader = new(file.Name, types);
        BtfType all = types[id];
        for (int i = 0; i < all.Length; i++)
        {
            BtfSectionVariable entry = all.SectionVariable(i);
            BtfType variable = types[entry.TypeId];
            string name = variable.NameText;
            if (variable.Kind != BtfKind.Variable || variable.Linkage != BtfLinkage.Global)
            {
                throw new BadImageException($"{file.Name}: map {name} is not a global variable; programs could not refer to a static one");
            }

            if (!symbols.TryFind(section.Index, name, out ElfSymbol symbol) || symbol.Value >= section.Size)
            {
                throw new BadImageException($"{file.Name}: map {name} has no symbol inside of section .maps, which has {section.Size} bytes");
            }

            BpfMapDefinition map = new(layout.Maps.Count, name);
            uint? slots = reader.ReadDefinition(map, variable.TypeId, isInner: false);
            layout.Add(file.Name, map, section.Index, symbol.Value, slots is { } offset ? symbol.Value + offset : null);
        }
    }

    /// <summary>Fills in a map from its struct.</summary>
    /// <returns>Offset of the member <c>values</c> in bytes, if there is one.</returns>
    private uint? ReadDefinition(BpfMapDefinition map, uint typeId, bool isInner)
    {
        BtfType definition = _types.SkipModifiers(typeId);
        if (definition.Kind != BtfKind.Struct)
        {
            throw new BadImageException($"{_objectName}: map {map.Name} is declared as {definition.Kind}, expected a struct");
        }

        if (definition.Length > MaximumAttributes)
        {
            throw new BadImageException($"{_objectName}: map {map.Name} has {definition.Length} attributes, at most {MaximumAttributes} are known");
        }

        uint? slots = null;
        for (int i = 0; i < definition.Length; i++)
        {
            BtfMember member = definition.Member(i);
            string name = _types.NameText(member.NameOffset);
            switch (name)
            {
                case "type":
                    map.Type = (BpfMapType)ReadNumber(map, name, member);
                    break;
                case "max_entries":
                    map.MaxEntries = ReadNumber(map, name, member);
                    break;
                case "map_flags":
                    map.Flags = ReadNumber(map, name, member);
                    break;
                case "numa_node":
                    map.NumaNode = ReadNumber(map, name, member);
                    break;
                case "map_extra":
                    map.MapExtra = ReadLongNumber(map, name, member);
                    break;
                case "key_size":
                    map.KeySize = Agree(map, name, map.KeySize, ReadNumber(map, name, member));
                    break;
                case "value_size":
                    map.ValueSize = Agree(map, name, map.ValueSize, ReadNumber(map, name, member));
                    break;
                case "key":
                    map.BtfKeyTypeId = ReadPointer(map, name, member, out uint keySize);
                    map.KeySize = Agree(map, name, map.KeySize, keySize);
                    break;
                case "value":
                    map.BtfValueTypeId = ReadPointer(map, name, member, out uint valueSize);
                    map.ValueSize = Agree(map, name, map.ValueSize, valueSize);
                    break;
                case "pinning":
                    map.PinByName = ReadPinning(map, ReadNumber(map, name, member), isInner);
                    break;
                case "values":
                    if (isInner || i != definition.Length - 1)
                    {
                        throw new BadImageException($"{_objectName}: map {map.Name} has \"values\" "
                            + (isInner ? "although it is an inner map" : $"as member {i} of {definition.Length}, expected it to be the last"));
                    }

                    ReadValues(map, member);
                    slots = member.BitOffset / 8;
                    break;
                default:
                    throw new BadImageException($"{_objectName}: map {map.Name} has an unknown attribute \"{name}\"");
            }
        }

        if (map.Type == BpfMapType.Unspecified)
        {
            throw new BadImageException($"{_objectName}: map {map.Name} does not say its type");
        }

        return slots;
    }

    private void ReadValues(BpfMapDefinition map, BtfMember member)
    {
        BtfType array = _types[member.TypeId];
        BtfType pointer = array.Kind == BtfKind.Array ? _types.SkipModifiers(array.Array.ElementTypeId) : default;
        bool isArray = array.Kind == BtfKind.Array && array.Array.Length == 0 && pointer.Kind == BtfKind.Pointer;
        BtfType target = isArray ? _types.SkipModifiers(pointer.TypeId) : default;
        bool mapOfMaps = map.Type is BpfMapType.ArrayOfMaps or BpfMapType.HashOfMaps;
        if (!isArray || !(mapOfMaps ? target.Kind == BtfKind.Struct : map.Type == BpfMapType.ProgramArray && target.Kind == BtfKind.FunctionPrototype))
        {
            throw new BadImageException($"{_objectName}: \"values\" of map {map.Name} ({map.Type}) must be an open array of pointers "
                + "to a map, in a map of maps, or to functions, in a program array; \"type\" must come before it");
        }

        map.ValueSize = Agree(map, "values", map.ValueSize, MapOfMapsValueSize);
        if (mapOfMaps)
        {
            map.InnerMap = new BpfMapDefinition(-1, map.Name + ".inner");
            ReadDefinition(map.InnerMap, target.Id, isInner: true);
        }
    }

    private bool ReadPinning(BpfMapDefinition map, uint pinning, bool isInner)
    {
        if (pinning > PinByName || isInner)
        {
            throw new BadImageException(isInner
                ? $"{_objectName}: {map.Name} is only the pattern of inner maps and cannot be pinned"
                : $"{_objectName}: map {map.Name} has pinning {pinning}, expected 0 or {PinByName}");
        }

        return pinning == PinByName;
    }

    private uint Agree(BpfMapDefinition map, string name, uint before, uint size)
    {
        if (before != 0 && before != size)
        {
            throw new BadImageException($"{_objectName}: map {map.Name} says by \"{name}\" that the size is {size}, and {before} before");
        }

        return size;
    }

    private uint ReadPointer(BpfMapDefinition map, string name, BtfMember member, out uint size)
    {
        BtfType pointer = _types.SkipModifiers(member.TypeId);
        size = 0;
        if (pointer.Kind != BtfKind.Pointer || !_types.TryGetSize(pointer.TypeId, out size))
        {
            throw new BadImageException($"{_objectName}: \"{name}\" of map {map.Name} must be a pointer to a type with a size");
        }

        return pointer.TypeId;
    }

    private uint ReadNumber(BpfMapDefinition map, string name, BtfMember member)
    {
        BtfType pointer = _types.SkipModifiers(member.TypeId);
        BtfType array = pointer.Kind == BtfKind.Pointer ? _types[pointer.TypeId] : pointer;
        if (pointer.Kind != BtfKind.Pointer || array.Kind != BtfKind.Array)
        {
            throw new BadImageException($"{_objectName}: \"{name}\" of map {map.Name} must be a number, a pointer to an array, "
                + $"and is {array.Kind.ToString().ToLower(CultureInfo.InvariantCulture)}");
        }

        return array.Array.Length;
    }

    private ulong ReadLongNumber(BpfMapDefinition map, string name, BtfMember member)
    {
        BtfType type = _types.SkipModifiers(member.TypeId);
        return type.IsEnumeration && type.Length > 0 ? type.Enumerator(0).Value : ReadNumber(map, name, member);
    }
}
