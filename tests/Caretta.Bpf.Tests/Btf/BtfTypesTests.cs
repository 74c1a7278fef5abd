using System.Buffers.Binary;
using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Tests.CoreRelocation;
using Xunit;

namespace Caretta.Bpf.Tests.Btf;

public sealed class BtfTypesTests
{
    [Fact]
    public void Void_is_type_0()
    {
        BtfType type = new BtfBuilder().ToTypes()[0];

        Assert.Equal(BtfKind.Void, type.Kind);
        Assert.True(type.Name.IsEmpty);
        Assert.Equal("[0] void", type.ToString());
    }

    [Fact]
    public void Every_kind_reads_back()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4, signed: true);
        uint pointer = builder.Pointer(number);
        uint array = builder.Array(number, 7);
        uint composite = builder.Struct("point", 8, ("x", number, 0), ("y", number, 32));
        uint bits = builder.Bitfields("bits", 4, ("low", number, 0, 3), ("high", number, 3, 29), ("whole", pointer, 64, 0));
        uint values = builder.Enum("sign", true, ("MINUS", -1), ("PLUS", 1));
        uint unsigned = builder.Enum("flags", false, ("TOP", int.MinValue));
        uint wide = builder.Enum64("wide", true, ("LOW", long.MinValue), ("HIGH", long.MaxValue));
        uint forward = builder.Forward("hidden", union: true);
        uint prototype = builder.Prototype(number, ("a", pointer), ("", 0));
        uint function = builder.Function("main", prototype, BtfLinkage.Global);
        uint variable = builder.Variable("counter", number, BtfLinkage.External);
        uint section = builder.Section(".data", 4, (variable, 0, 4));
        uint real = builder.Add("float", BtfKind.Float, 0, false, 4);
        uint tag = builder.Add("user", BtfKind.DeclarationTag, 0, false, composite, unchecked((uint)-1));
        BtfTypes types = builder.ToTypes();

        Assert.Equal((int)tag, types.Count);
        Assert.True(types[number].IntegerEncoding is { IsSigned: true, Bits: 32, BitOffset: 0 });
        Assert.Equal(number, types[pointer].TypeId);
        Assert.Equal(new BtfArray(number, 0, 7), types[array].Array);
        Assert.Equal("y", types.NameText(types[composite].Member(1).NameOffset));
        Assert.Equal(32u, types[composite].Member(1).BitOffset);
        Assert.True(types[bits].Member(1) is { BitOffset: 3, BitSize: 29 });
        Assert.True(types[bits].Member(2) is { BitOffset: 64, BitSize: 0 });
        Assert.Equal(ulong.MaxValue, types[values].Enumerator(0).Value);
        Assert.Equal(0x8000_0000u, types[unsigned].Enumerator(0).Value);
        Assert.Equal(0x8000_0000_0000_0000u, types[wide].Enumerator(0).Value);
        Assert.Equal((ulong)long.MaxValue, types[wide].Enumerator(1).Value);
        Assert.True(types[forward].KindFlag);
        Assert.Equal(pointer, types[prototype].Parameter(0).TypeId);
        Assert.Equal(BtfLinkage.Global, types[function].Linkage);
        Assert.Equal(BtfLinkage.External, types[variable].Linkage);
        Assert.Equal(new BtfSectionVariable(variable, 0, 4), types[section].SectionVariable(0));
        Assert.Equal(4u, types[real].Size);
        Assert.Equal(-1, types[tag].ComponentIndex);
    }

    [Fact]
    public void A_big_endian_image_reads_the_same()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4);
        builder.Struct("point", 8, ("x", number, 0), ("y", number, 32));
        BtfTypes types = BtfTypes.Parse(builder.ToBigEndianImage(), "big");

        Assert.True(types.IsBigEndian);
        Assert.Equal(2u, types.FindByName("point"u8, BtfKind.Struct));
        Assert.Equal(32u, types[2].Member(1).BitOffset);
        Assert.False(builder.ToTypes().IsBigEndian);
    }

    [Fact]
    public void A_split_image_continues_ids_and_strings_of_its_base()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4);
        BtfTypes kernel = builder.ToTypes();
        BtfBuilder continued = new(kernel);
        uint own = continued.Struct("module_data", 4, ("value", number, 0));
        uint shared = continued.Add("", BtfKind.Typedef, 0, false, number);
        BtfTypes module = continued.ToTypes(kernel);

        Assert.Equal(2u, own);
        Assert.Equal(3, module.Count);
        Assert.Equal(own, module.FirstId);
        Assert.Equal("int", module[number].NameText);
        Assert.Equal("module_data", module[own].NameText);
        Assert.Equal(number, module.SkipModifiers(shared).Id);
        Assert.Equal(number, module.FindByName("int"u8, BtfKind.Int));
        Assert.Equal(own, module.FindByName("module_data"u8, BtfKind.Struct));
        Assert.Equal(0u, kernel.FindByName("module_data"u8, BtfKind.Struct));
        List<uint> candidates = [];
        module.FindCandidates("int"u8, BtfKind.Int, candidates);
        Assert.Empty(candidates);
    }

    [Fact]
    public void Ids_and_names_of_another_image_are_refused()
    {
        BtfTypes types = new BtfBuilder().ToTypes();

        Assert.Contains("there is no type 1", Assert.Throws<BadImageException>(() => types[1]).Message, StringComparison.Ordinal);
        Assert.Contains("0x7", Assert.Throws<BadImageException>(() => types.NameText(7)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_that_a_kind_has_not_are_a_mistake_of_the_caller()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4);
        uint point = builder.Struct("point", 4, ("x", number, 0));
        BtfTypes types = builder.ToTypes();

        Assert.Throws<InvalidOperationException>(() => types[number].Member(0));
        Assert.Throws<InvalidOperationException>(() => types[point].Array);
        Assert.Throws<InvalidOperationException>(() => types[point].Linkage);
        Assert.Throws<ArgumentOutOfRangeException>(() => types[point].Member(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => types[point].Member(-1));
    }

    [Fact]
    public void Sizes_follow_modifiers_arrays_and_variables()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4);
        uint constant = builder.Modifier(BtfKind.Const, number);
        uint array = builder.Array(constant, 3);
        uint matrix = builder.Array(builder.Typedef("row", array), 5);
        uint variable = builder.Variable("v", matrix, BtfLinkage.Global);
        uint pointers = builder.Array(builder.Pointer(0), 2);
        uint forward = builder.Forward("f");
        uint endless = builder.Array(builder.Array(number, 0x4000_0000), 4);
        uint none = builder.Array(number, 0);
        BtfTypes types = builder.ToTypes();

        Assert.True(types.TryGetSize(variable, out uint size));
        Assert.Equal(60u, size);
        Assert.True(types.TryGetSize(pointers, out size));
        Assert.Equal(16u, size);
        Assert.True(types.TryGetSize(none, out size));
        Assert.Equal(0u, size);
        Assert.False(types.TryGetSize(0, out _));
        Assert.False(types.TryGetSize(forward, out _));
        Assert.False(types.TryGetSize(endless, out _));
    }

    [Fact]
    public void Pointers_are_as_wide_as_long()
    {
        BtfBuilder builder = new();
        builder.Int("long long", 8);
        builder.Int("long unsigned int", 4);
        uint pointer = builder.Pointer(0);
        BtfTypes types = builder.ToTypes();

        Assert.Equal(4, types.PointerSize);
        Assert.True(types.TryGetSize(pointer, out uint size));
        Assert.Equal(4u, size);
        Assert.Equal(8, new BtfBuilder().ToTypes().PointerSize);
    }

    [Fact]
    public void Names_are_found_by_kind_and_the_lowest_id_wins()
    {
        BtfBuilder builder = new();
        builder.Forward("sock");
        uint first = builder.Struct("sock", 4);
        builder.Struct("sock", 8);
        uint flavour = builder.Struct("sock___old", 8);
        uint alias = builder.Typedef("sock", first);
        BtfTypes types = builder.ToTypes();

        Assert.Equal(first, types.FindByName("sock"u8, BtfKind.Struct));
        Assert.Equal(flavour, types.FindByName("sock___old"u8, BtfKind.Struct));
        Assert.Equal(alias, types.FindByName("sock"u8, BtfKind.Typedef));
        Assert.Equal(0u, types.FindByName("sock"u8, BtfKind.Union));
        Assert.Equal(0u, types.FindByName("soc"u8, BtfKind.Struct));
        Assert.Equal(0u, types.FindByName(""u8, BtfKind.Struct));
    }

    [Fact]
    public void Candidates_share_the_name_without_flavour_in_ascending_order()
    {
        BtfBuilder builder = new();
        uint first = builder.Struct("sock___x", 4);
        builder.Union("sock", 4);
        uint second = builder.Struct("sock", 4);
        builder.Struct("sock_common", 4);
        builder.Struct("", 4);
        uint third = builder.Struct("sock___y", 4);
        uint narrow = builder.Enum("e", false, ("A", 1));
        uint wide = builder.Enum64("e", false, ("A", 1));
        BtfTypes types = builder.ToTypes();

        List<uint> found = [];
        types.FindCandidates("sock"u8, BtfKind.Struct, found);
        Assert.Equal([first, second, third], found);
        found.Clear();
        types.FindCandidates("e"u8, BtfKind.Enum, found);
        Assert.Equal([narrow, wide], found);
        found.Clear();
        types.FindCandidates(""u8, BtfKind.Struct, found);
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("sock", "sock")]
    [InlineData("sock___old", "sock")]
    [InlineData("sock___old___older", "sock___old")]
    [InlineData("sock___", "sock___")]
    [InlineData("___sock", "___sock")]
    [InlineData("sock____old", "sock____old")]
    [InlineData("a___b____c", "a")]
    [InlineData("a__b___c", "a__b")]
    [InlineData("a____b___c", "a____b")]
    [InlineData("", "")]
    [InlineData("___", "___")]
    [InlineData("a___b", "a")]
    public void A_flavour_starts_at_the_last_three_underscores_that_stand_alone(string name, string essential) =>
        Assert.Equal(essential, Encoding.UTF8.GetString(BtfName.Essential(Encoding.UTF8.GetBytes(name))));

    [Fact]
    public void A_kind_of_the_future_is_skipped_where_the_image_says_how_long_it_is()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4);
        builder.Add("news", (BtfKind)25, 2, false, 99, 1, 2, 3, 4, 5);
        uint point = builder.Struct("point", 4, ("x", number, 0));
        byte[] plain = builder.ToImage();
        byte[] image = new byte[plain.Length + 8 + (26 * 4)];
        plain.AsSpan(0, 24).CopyTo(image);
        plain.AsSpan(24).CopyTo(image.AsSpan(32));
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(4), 32);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(24), (uint)plain.Length - 24);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(28), 26 * 4);
        image[plain.Length + 8 + (25 * 4)] = 4;
        image[plain.Length + 8 + (25 * 4) + 1] = 8;
        BtfTypes types = BtfTypes.Parse(image, "future");

        Assert.Equal(point, types.FindByName("point"u8, BtfKind.Struct));
        Assert.Equal("[2] kind 25 news", types[2].ToString());
        Assert.Throws<BadImageException>(() => BtfTypes.Parse(plain, "no layout"));
    }

    [Fact]
    public void Types_of_a_real_kernel_have_the_sizes_that_it_has()
    {
        BtfTypes types = CoreFixtures.ReadTypes("kernel.btf");

        uint address = types.FindByName("in6_addr"u8, BtfKind.Struct);
        Assert.NotEqual(0u, address);
        Assert.Equal(16u, types[address].Size);
        Assert.Equal(8, types.PointerSize);
    }

    [Fact]
    public void Looking_at_types_allocates_nothing()
    {
        BtfTypes types = CoreFixtures.ReadTypes("target_same.btf");
        types.FindByName("node"u8, BtfKind.Struct);
        long sum = Walk(types);

        long before = GC.GetAllocatedBytesForCurrentThread();
        long again = Walk(types);
        long after = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(0, after - before);
        Assert.Equal(sum, again);
    }

    private static long Walk(BtfTypes types)
    {
        long sum = types.FindByName("node"u8, BtfKind.Struct);
        for (uint id = 0; id <= (uint)types.Count; id++)
        {
            BtfType type = types[id];
            sum += type.Name.Length + types.SkipModifiers(id).Id + (types.TryGetSize(id, out uint size) ? size : 0);
            for (int i = 0; type.IsComposite && i < type.Length; i++)
            {
                sum += type.Member(i).BitOffset;
            }
        }

        return sum;
    }
}
