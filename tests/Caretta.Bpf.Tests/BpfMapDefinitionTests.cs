using Caretta.Bpf.Btf;
using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class BpfMapDefinitionTests
{
    private readonly BpfObject _maps = Fixture.Parse("maps.bpf.o");

    [Fact]
    public void Map_by_type_has_sizes_and_types()
    {
        BpfMapDefinition map = _maps.Map("links_a");

        Assert.Equal((BpfMapType.Hash, 8u, 16u, 1024u), (map.Type, map.KeySize, map.ValueSize, map.MaxEntries));
        Assert.Equal(1u, map.Flags);     // BPF_F_NO_PREALLOC
        Assert.Equal("key", _maps.Btf![map.BtfKeyTypeId].NameText);
        Assert.Equal("value", _maps.Btf[map.BtfValueTypeId].NameText);
        Assert.False(map.PinByName);
    }

    [Fact]
    public void Maps_keep_the_order_of_their_section_and_then_come_data_and_configuration()
    {
        Assert.Equal(
            ["links_a", "links_b", "active", "tails", "by_name", "seen", "sockets", "events"], _maps.Maps.Select(map => map.Name));
        Assert.Equal(Enumerable.Range(0, _maps.Maps.Count), _maps.Maps.Select(map => map.Index));
        Assert.Equal(".kconfig", Fixture.Parse("externs.bpf.o").Maps[^1].Name);
    }

    [Fact]
    public void Map_of_maps_knows_its_inner_map_and_what_it_holds()
    {
        BpfMapDefinition map = _maps.Map("active");

        Assert.Equal((BpfMapType.ArrayOfMaps, 4u, 4u), (map.Type, map.KeySize, map.ValueSize));
        Assert.Equal((BpfMapType.Hash, 8u, 16u, 1024u), (map.InnerMap!.Type, map.InnerMap.KeySize, map.InnerMap.ValueSize, map.InnerMap.MaxEntries));
        Assert.Equal(
            [new BpfInitialSlot(0, _maps.Map("links_a").Index), new BpfInitialSlot(2, _maps.Map("links_b").Index)], map.InitialSlots);
    }

    [Fact]
    public void Inner_map_may_be_anonymous()
    {
        BpfMapDefinition map = _maps.Map("by_name");

        Assert.Equal((BpfMapType.HashOfMaps, 4u, 4u), (map.Type, map.KeySize, map.ValueSize));
        Assert.Equal((BpfMapType.Array, 4u, 12u, 16u), (map.InnerMap!.Type, map.InnerMap.KeySize, map.InnerMap.ValueSize, map.InnerMap.MaxEntries));
        Assert.Empty(map.InitialSlots);
    }

    [Fact]
    public void Program_array_has_holes()
    {
        BpfMapDefinition map = _maps.Map("tails");

        Assert.Equal((BpfMapType.ProgramArray, 4u, 4u, 6u), (map.Type, map.KeySize, map.ValueSize, map.MaxEntries));
        Assert.Equal(
            [new BpfInitialSlot(1, _maps.Program("tail_one").Index), new BpfInitialSlot(4, _maps.Program("tail_two").Index)], map.InitialSlots);
    }

    [Fact]
    public void Rare_attributes_are_read()
    {
        BpfMapDefinition map = _maps.Map("seen");

        Assert.Equal((BpfMapType.BloomFilter, 0u, 4u, 5ul, 1u, 4u), (map.Type, map.KeySize, map.ValueSize, map.MapExtra, map.NumaNode, map.Flags));
        Assert.True(map.PinByName);
    }

    [Fact]
    public void Numbers_are_not_rounded() => Assert.Equal(5000u, _maps.Map("events").MaxEntries);

    [Fact]
    public void Legacy_maps_are_read_in_place()
    {
        BpfObject legacy = Fixture.Parse("legacy.bpf.o");
        BpfMapDefinition counts = legacy.Map("counts");
        BpfMapDefinition totals = legacy.Map("totals");

        Assert.Equal((BpfMapType.Hash, 4u, 8u, 100u, 1u), (counts.Type, counts.KeySize, counts.ValueSize, counts.MaxEntries, counts.Flags));
        Assert.Equal((BpfMapType.PerCpuArray, 4u, 16u, 2u, 0u), (totals.Type, totals.KeySize, totals.ValueSize, totals.MaxEntries, totals.Flags));
        Assert.Null(legacy.Btf);
        Assert.Null(legacy.EncodeBtf(BtfFeatures.All));
    }

    [Fact]
    public void Legacy_map_with_unknown_members_is_refused()
    {
        byte[] image = Fixture.Read("legacy.bpf.o");
        ImageEditor.SetBytes(image, "maps", 20, [7]);

        BadImageException e = Assert.Throws<BadImageException>(() => BpfObject.Parse(image, "old.o"));
        Assert.Equal(
            "old.o: the definition of map counts has 24 bytes and byte 20 is not zero; members other than type, key size, value size, "
            + "maximum and flags are not supported",
            e.Message);
    }

    [Fact]
    public void Map_attribute_that_is_not_known_is_named()
    {
        byte[] image = Fixture.Read("maps.bpf.o");
        ReadOnlySpan<byte> name = "map_extra"u8;
        image.AsSpan(image.AsSpan().IndexOf(name))[0] = (byte)'x';

        BadImageException e = Assert.Throws<BadImageException>(() => BpfObject.Parse(image, "maps.o"));
        Assert.Equal("maps.o: map seen has an unknown attribute \"xap_extra\"", e.Message);
    }

    [Fact]
    public void Encoded_types_have_sizes_and_keep_their_ids()
    {
        byte[] encoded = _maps.EncodeBtf(BtfFeatures.All)!;
        BtfTypes types = BtfTypes.Parse(encoded, "encoded");
        BtfType section = types[types.FindByName(".maps"u8, BtfKind.DataSection)];

        Assert.Equal((uint)ImageEditor.Find(Fixture.Read("maps.bpf.o"), ".maps").Size, section.Size);
        Assert.Equal("key", types[_maps.Map("links_a").BtfKeyTypeId].NameText);
    }
}
