using Caretta.Bpf.Btf;
using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class BpfVariableTests
{
    private readonly BpfObject _data = Fixture.Parse("data.bpf.o");

    private readonly record struct Pair(uint Left, uint Right);

    [Theory]
    [InlineData(".rodata", BpfMapKind.ReadOnlyData, 0x24u, true)]
    [InlineData(".data", BpfMapKind.Data, 0x18u, true)]
    [InlineData(".data.custom", BpfMapKind.Data, 8u, true)]
    [InlineData(".data.internal", BpfMapKind.Data, 4u, false)]
    [InlineData(".bss", BpfMapKind.ZeroData, 0x7cu, true)]
    [InlineData(".bss.scratch", BpfMapKind.ZeroData, 8u, true)]
    [InlineData(".rodata.str1.1", BpfMapKind.ReadOnlyData, 0x2cu, false)]
    public void Data_section_is_a_map_with_one_element(string name, BpfMapKind kind, uint size, bool mmapable)
    {
        BpfMapDefinition map = _data.Map(name);

        Assert.Equal((kind, BpfMapType.Array, 4u, size, 1u), (map.Kind, map.Type, map.KeySize, map.ValueSize, map.MaxEntries));
        Assert.Equal(mmapable, map.IsMmapable);
        Assert.Equal(kind == BpfMapKind.ReadOnlyData, map.IsReadOnly);
        Assert.Equal(map.IsReadOnly ? BpfMapDefinition.ReadOnlyForPrograms : 0, map.Flags);
        Assert.Equal((int)size, map.InitialValue.Length);
        Assert.Equal(name.Contains("str1", StringComparison.Ordinal), map.BtfValueTypeId == 0);
    }

    [Fact]
    public void Variables_start_as_compiled()
    {
        Assert.Equal(5000u, _data.GetVariable<uint>("poll_interval_ms"));
        Assert.Equal(0x1122334455667788u, _data.GetVariable<ulong>("flags"));
        Assert.False(_data.GetVariable<bool>("verbose"));
        Assert.Equal(new Pair(7, 9), _data.GetVariable<Pair>("limits"));
        Assert.Equal(0xbeef, _data.GetVariable<ushort>("secret"));
        Assert.Equal(0x42u, _data.GetVariable<ulong>("elsewhere"));
        Assert.Equal(0u, _data.GetVariable<ulong>("zero"));
    }

    [Theory]
    [InlineData("poll_interval_ms")]
    [InlineData("counter")]
    [InlineData("hidden_counter")]
    [InlineData("read_all.calls")]
    public void Variable_of_any_section_can_be_set(string name)
    {
        _data.SetVariable(name, 0xcafeu);

        Assert.Equal(0xcafeu, _data.GetVariable<uint>(name));
        Assert.True(_data.TryFindVariable(name, out BpfVariable variable));
        Assert.Equal(0xcafeu, BitConverter.ToUInt32(_data.Maps[variable.MapIndex].InitialValue.Span[(int)variable.Offset..]));
    }

    [Fact]
    public void Setting_a_variable_leaves_its_neighbours_and_other_objects_alone()
    {
        _data.SetVariable("counter", uint.MaxValue);

        Assert.Equal(2u, _data.GetVariable<uint>("hidden_counter"));
        Assert.Equal(1u, Fixture.Parse("data.bpf.o").GetVariable<uint>("counter"));
    }

    [Fact]
    public void Zeroes_take_no_memory_until_they_are_wanted()
    {
        Assert.True(_data.Map(".bss").IsInitiallyZero);
        _data.SetVariable("zero", 0ul);
        Assert.True(_data.Map(".bss").IsInitiallyZero);
        _data.SetVariable("zero", 1ul);
        Assert.False(_data.Map(".bss").IsInitiallyZero);
        Assert.False(_data.Map(".data").IsInitiallyZero);
    }

    [Fact]
    public void Wrong_size_names_both_sizes()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => _data.SetVariable("poll_interval_ms", 1ul));
        Assert.StartsWith("variable poll_interval_ms of data.bpf.o has 4 bytes, not 8", e.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _data.GetVariable<byte>("poll_interval_ms"));
    }

    [Fact]
    public void Unknown_variable_is_named()
    {
        KeyNotFoundException e = Assert.Throws<KeyNotFoundException>(() => _data.SetVariable("nothing", 1));
        Assert.Equal("data.bpf.o has no variable nothing", e.Message);
        Assert.False(_data.TryFindVariable("nothing", out _));
    }

    [Fact]
    public void Variable_knows_its_type()
    {
        Assert.True(_data.TryFindVariable("limits", out BpfVariable variable));
        Assert.Equal("pair", _data.Btf!.SkipModifiers(variable.TypeId).NameText);
        Assert.Equal((16u, 8u), (variable.Offset, variable.Size));
    }

    [Fact]
    public void Objects_without_types_have_variables_too()
    {
        BpfObject legacy = Fixture.Parse("legacy.bpf.o");

        Assert.Equal(5, legacy.GetVariable<int>("threshold"));
        Assert.Equal(0u, legacy.Map(".data").BtfValueTypeId);
        Assert.False(legacy.Map(".data").IsMmapable);
    }

    [Fact]
    public void Zeroes_of_any_size_are_refused_without_allocating_them()
    {
        byte[] image = Fixture.Read("data.bpf.o");
        ImageEditor.SetSection(image, ".bss", 0x24, 0x100);      // the upper half of the size: 1 TiB

        BadImageException e = Assert.Throws<BadImageException>(() => BpfObject.Parse(image, "huge.o"));
        Assert.Equal(
            "huge.o: section .bss has 1099511627900 bytes; no more than 67108864 are accepted in all data sections together", e.Message);
    }

    [Fact]
    public void Variable_outside_of_its_section_is_refused()
    {
        byte[] image = Fixture.Read("data.bpf.o");
        ImageEditor.SetSymbol(image, "large", 8, [0x7c, 0, 0, 0, 0, 0, 0, 0]);

        BadImageException e = Assert.Throws<BadImageException>(() => BpfObject.Parse(image, "data.o"));
        Assert.Equal("data.o: variable large has 100 bytes at offset 0x7c of section .bss, which has 124", e.Message);
    }

    [Fact]
    public void Encoded_types_have_the_places_of_variables_in_order()
    {
        BtfTypes types = BtfTypes.Parse(_data.EncodeBtf(BtfFeatures.All)!, "encoded");
        BtfType section = types[types.FindByName(".rodata"u8, BtfKind.DataSection)];
        List<(uint Offset, string Name)> variables = [];
        for (int i = 0; i < section.Length; i++)
        {
            variables.Add((section.SectionVariable(i).Offset, types[section.SectionVariable(i).TypeId].NameText));
        }

        Assert.Equal(0x24u, section.Size);
        Assert.Equal(
            [(0u, "poll_interval_ms"), (8u, "flags"), (16u, "limits"), (24u, "secret"), (26u, "verbose"), (27u, "read_all.____fmt")], variables);
    }

    [Fact]
    public void Encoded_types_make_hidden_variables_static()
    {
        BtfTypes types = BtfTypes.Parse(_data.EncodeBtf(BtfFeatures.All)!, "encoded");

        Assert.Equal(BtfLinkage.Static, types[types.FindByName("internal_counter"u8, BtfKind.Variable)].Linkage);
        Assert.Equal(BtfLinkage.Global, types[types.FindByName("counter"u8, BtfKind.Variable)].Linkage);
    }
}
