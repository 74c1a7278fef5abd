using Caretta.Bpf.Elf;

namespace Caretta.Bpf.Objects;

/// <summary>
/// Reads the section <c>maps</c> of objects from before BTF: an array of <c>struct bpf_map_def</c>, five 32-bit numbers, each with a
/// symbol. Longer structs are accepted as long as what we do not know is zero.
/// </summary>
internal static class LegacyMapReader
{
    private const int DefinitionSize = 5 * sizeof(uint);

    /// <summary>Reads all maps of the section and adds them to <paramref name="layout"/>.</summary>
    /// <exception cref="BadImageException">The symbols do not divide the section evenly, or a map uses members that are not known.</exception>
    public static void Read(ElfFile file, ElfSection section, SymbolIndex symbols, MapLayout layout)
    {
        IReadOnlyList<ElfSymbol> entries = symbols.ObjectsIn(section.Index);
        ReadOnlySpan<byte> bytes = file.BytesOf(section).Span;
        if (entries.Count == 0 || bytes.Length % entries.Count != 0 || bytes.Length / entries.Count < DefinitionSize)
        {
            throw new BadImageException($"{file.Name}: section maps has {bytes.Length} bytes for {entries.Count} maps, "
                + $"expected equal parts of at least {DefinitionSize} bytes");
        }

        int size = bytes.Length / entries.Count;
        foreach (ElfSymbol symbol in entries.OrderBy(symbol => symbol.Value))
        {
            string name = file.TextOf(symbol);
            if (symbol.Value % (ulong)size != 0 || symbol.Value >= (ulong)bytes.Length)
            {
                throw new BadImageException($"{file.Name}: map {name} is at offset 0x{symbol.Value:x} of section maps, "
                    + $"expected multiples of {size} below {bytes.Length}");
            }

            SpanReader reader = new(bytes.Slice((int)symbol.Value, size), $"{file.Name} map {name}");
            BpfMapDefinition map = new(layout.Maps.Count, name)
            {
                Type = (BpfMapType)reader.ReadU32(),
                KeySize = reader.ReadU32(),
                ValueSize = reader.ReadU32(),
                MaxEntries = reader.ReadU32(),
                Flags = reader.ReadU32(),
            };
            int position = reader.Take(reader.Remaining).IndexOfAnyExcept((byte)0);
            if (position >= 0)
            {
                throw new BadImageException($"{file.Name}: the definition of map {name} has {size} bytes and byte {DefinitionSize + position} "
                    + "is not zero; members other than type, key size, value size, maximum and flags are not supported");
            }

            layout.Add(file.Name, map, section.Index, symbol.Value, null);
        }
    }
}
