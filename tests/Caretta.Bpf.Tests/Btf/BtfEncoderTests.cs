using System.Text;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Tests.CoreRelocation;
using Xunit;

namespace Caretta.Bpf.Tests.Btf;

public sealed class BtfEncoderTests
{
    private readonly BtfBuilder _builder = new();
    private readonly Symbols _symbols = new();

    [Fact]
    public void A_section_gets_its_size_and_its_variables_in_order_of_place()
    {
        uint number = _builder.Int("int", 4);
        uint first = _builder.Variable("first", number, BtfLinkage.Global);
        uint second = _builder.Variable("second", number, BtfLinkage.Global);
        uint own = _builder.Variable("own", number, BtfLinkage.Static);
        uint section = _builder.Section(".data", 0, (first, 0, 4), (second, 0, 4), (own, 4, 4));
        _symbols.Sections[".data"] = 12;
        _symbols.Variables["first"] = 8;
        _symbols.Variables["second"] = 0;

        BtfTypes types = Encode(BtfFeatures.All);

        Assert.Equal(12u, types[section].Size);
        Assert.Equal(new BtfSectionVariable(second, 0, 4), types[section].SectionVariable(0));
        Assert.Equal(new BtfSectionVariable(own, 4, 4), types[section].SectionVariable(1));
        Assert.Equal(new BtfSectionVariable(first, 8, 4), types[section].SectionVariable(2));
    }

    [Fact]
    public void A_variable_of_which_the_compiler_kept_a_part_is_no_larger_than_that()
    {
        uint number = _builder.Int("int", 4);
        uint part = _builder.Variable("split.0", _builder.Array(number, 3), BtfLinkage.Static);
        uint whole = _builder.Variable("whole", number, BtfLinkage.Static);
        uint section = _builder.Section(".bss", 8, (part, 0, 4), (whole, 4, 4));

        BtfTypes types = Encode(BtfFeatures.All);

        Assert.Equal(new BtfSectionVariable(part, 0, 4), types[section].SectionVariable(0));
        Assert.True(types.TryGetSize(types[part].TypeId, out uint size));
        Assert.Equal(1u, size);
        Assert.Equal(number, types[whole].TypeId);
    }

    [Fact]
    public void Hidden_symbols_become_static()
    {
        uint number = _builder.Int("int", 4);
        uint variable = _builder.Variable("secret", number, BtfLinkage.Global);
        _builder.Section(".bss", 4, (variable, 0, 4));
        uint function = _builder.Function("secret_function", _builder.Prototype(number), BtfLinkage.Global);
        uint open = _builder.Function("open_function", _builder.Prototype(number), BtfLinkage.Global);
        _symbols.Variables["secret"] = 0;
        _symbols.Hidden.UnionWith(["secret", "secret_function"]);

        BtfTypes types = Encode(BtfFeatures.All);

        Assert.Equal(BtfLinkage.Static, types[variable].Linkage);
        Assert.Equal(BtfLinkage.Static, types[function].Linkage);
        Assert.Equal(BtfLinkage.Global, types[open].Linkage);
    }

    [Fact]
    public void Configuration_values_become_variables_of_their_map()
    {
        uint number = _builder.Int("int", 4);
        uint version = _builder.Variable("LINUX_KERNEL_VERSION", number, BtfLinkage.External);
        uint section = _builder.Section(".kconfig", 0, (version, 0, 4));
        _symbols.Sections[".kconfig"] = 8;
        _symbols.Variables["LINUX_KERNEL_VERSION"] = 4;

        BtfTypes types = Encode(BtfFeatures.All);

        Assert.Equal(8u, types[section].Size);
        Assert.Equal(4u, types[section].SectionVariable(0).Offset);
        Assert.Equal(BtfLinkage.Global, types[version].Linkage);
    }

    [Fact]
    public void Kernel_symbols_become_a_section_of_integers()
    {
        uint wide = _builder.Int("long", 8);
        uint variable = _builder.Variable("bpf_prog_active", wide, BtfLinkage.External);
        uint prototype = _builder.Prototype(wide, ("", wide), ("named", wide), ("", 0));
        uint function = _builder.Function("bpf_kfunc", prototype, BtfLinkage.External);
        uint section = _builder.Section(".ksyms", 0, (variable, 0, 8), (function, 0, 0));

        BtfTypes types = Encode(BtfFeatures.All);

        Assert.Equal(8u, types[section].Size);
        Assert.Equal(new BtfSectionVariable(variable, 0, 4), types[section].SectionVariable(0));
        Assert.Equal(BtfLinkage.Global, types[variable].Linkage);
        Assert.Equal("int", types[types[variable].TypeId].NameText);
        BtfSectionVariable placeholder = types[section].SectionVariable(1);
        Assert.True(placeholder is { Offset: 4, Size: 4 });
        Assert.Equal(BtfKind.Variable, types[placeholder.TypeId].Kind);
        Assert.Equal(BtfLinkage.Global, types[function].Linkage);
        Assert.NotEqual(0u, types[prototype].Parameter(0).NameOffset);
        Assert.Equal("named", types.NameText(types[prototype].Parameter(1).NameOffset));
        Assert.Equal(0u, types[prototype].Parameter(2).NameOffset);
    }

    [Fact]
    public void What_the_object_lacks_is_refused()
    {
        uint variable = _builder.Variable("gone", _builder.Int("int", 4), BtfLinkage.Global);
        _builder.Section(".data", 0, (variable, 0, 4));

        Assert.Contains("no such section", Assert.Throws<BadImageException>(() => Encode(BtfFeatures.All)).Message, StringComparison.Ordinal);
        _symbols.Sections[".data"] = 4;
        Assert.Contains("variable gone", Assert.Throws<BadImageException>(() => Encode(BtfFeatures.All)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BtfFeatures.Functions)]
    [InlineData(BtfFeatures.DataSections)]
    [InlineData(BtfFeatures.GlobalFunctions)]
    [InlineData(BtfFeatures.Floats)]
    [InlineData(BtfFeatures.DeclarationTags)]
    [InlineData(BtfFeatures.TypeTags)]
    [InlineData(BtfFeatures.Enum64)]
    [InlineData(BtfFeatures.OptionalSections)]
    [InlineData(BtfFeatures.All)]
    public void What_the_kernel_lacks_is_replaced_without_changing_an_id(BtfFeatures missing)
    {
        uint number = _builder.Int("int", 4);
        uint prototype = _builder.Prototype(number, ("a", number), ("", 0));
        uint function = _builder.Function("main", prototype, BtfLinkage.Global);
        uint variable = _builder.Variable("counter", number, BtfLinkage.Global);
        uint section = _builder.Section("?.data.x", 8, (variable, 0, 4));
        uint real = _builder.Add("double", BtfKind.Float, 0, false, 8);
        uint declaration = _builder.Add("hint", BtfKind.DeclarationTag, 0, false, variable, uint.MaxValue);
        uint tag = _builder.Add("user", BtfKind.TypeTag, 0, false, number);
        uint signed = _builder.Enum("sign", true, ("MINUS", -1));
        uint wide = _builder.Enum64("wide", false, ("BIG", 1L << 40));
        _symbols.Variables["counter"] = 4;

        BtfTypes types = Encode(BtfFeatures.All & ~missing);

        bool Kept(BtfFeatures feature) => !missing.HasFlag(feature);
        Assert.Equal(Kept(BtfFeatures.Functions) ? BtfKind.FunctionPrototype : BtfKind.Enum, types[prototype].Kind);
        Assert.Equal(2, types[prototype].Length);
        Assert.Equal(Kept(BtfFeatures.Functions) ? BtfKind.Function : BtfKind.Typedef, types[function].Kind);
        Assert.Equal(Kept(BtfFeatures.DataSections) ? BtfKind.Variable : BtfKind.Int, types[variable].Kind);
        Assert.Equal(Kept(BtfFeatures.DataSections) ? BtfKind.DataSection : BtfKind.Struct, types[section].Kind);
        Assert.Equal(Kept(BtfFeatures.Floats) ? BtfKind.Float : BtfKind.Struct, types[real].Kind);
        Assert.Equal(8u, types[real].Size);
        Assert.Equal(Kept(BtfFeatures.DeclarationTags) ? BtfKind.DeclarationTag : BtfKind.Int, types[declaration].Kind);
        Assert.Equal(Kept(BtfFeatures.TypeTags) ? BtfKind.TypeTag : BtfKind.Const, types[tag].Kind);
        Assert.Equal(Kept(BtfFeatures.Enum64), types[signed].KindFlag);
        Assert.Equal(Kept(BtfFeatures.Enum64) ? BtfKind.Enum64 : BtfKind.Union, types[wide].Kind);
        Assert.Equal(8u, types[wide].Size);
        if (Kept(BtfFeatures.Functions))
        {
            Assert.Equal(Kept(BtfFeatures.GlobalFunctions) ? BtfLinkage.Global : BtfLinkage.Static, types[function].Linkage);
        }
        else
        {
            Assert.Equal("a", types.NameText(types[prototype].Enumerator(0).NameOffset));
            Assert.NotEqual(0u, types[prototype].Enumerator(1).NameOffset);
        }

        if (Kept(BtfFeatures.DataSections))
        {
            Assert.Equal(Kept(BtfFeatures.OptionalSections) ? "?.data.x" : "_.data.x", types[section].NameText);
            Assert.Equal(4u, types[section].SectionVariable(0).Offset);
        }
        else
        {
            Assert.Equal("__data_x", types[section].NameText);
            Assert.Equal("counter", types.NameText(types[section].Member(0).NameOffset));
            Assert.True(types[section].Member(0) is { BitOffset: 32 } member && member.TypeId == variable);
            Assert.Equal(1u, types[variable].Size);
        }

        if (!Kept(BtfFeatures.Enum64))
        {
            Assert.Equal("BIG", types.NameText(types[wide].Member(0).NameOffset));
            Assert.True(types.TryGetSize(types[wide].Member(0).TypeId, out uint size));
            Assert.Equal(1u, size);
        }
    }

    [Fact]
    public void The_source_is_not_changed()
    {
        uint variable = _builder.Variable("v", _builder.Int("int", 4), BtfLinkage.Global);
        _builder.Section(".data", 0, (variable, 0, 4));
        _symbols.Sections[".data"] = 4;
        _symbols.Variables["v"] = 0;
        byte[] image = _builder.ToImage();
        byte[] before = [.. image];

        BtfEncoder.Encode(BtfTypes.Parse(image, "test"), _symbols, BtfFeatures.None);

        Assert.Equal(before, image);
    }

    [Fact]
    public void Damaged_types_are_encoded_or_refused()
    {
        byte[] image = CoreFixtures.Section("access.bpf.o", ".BTF").ToArray();
        _symbols.AcceptsAll = true;
        for (int at = 24; at < image.Length; at++)
        {
            image[at] ^= 0x0f;
            try
            {
                BtfTypes types = BtfTypes.Parse(image, "damaged");
                BtfEncoder.Encode(types, _symbols, BtfFeatures.All);
                BtfEncoder.Encode(types, _symbols, BtfFeatures.None);
            }
            catch (BadImageException exception)
            {
                Assert.NotEmpty(exception.Message);
            }

            image[at] ^= 0x0f;
        }
    }

    private BtfTypes Encode(BtfFeatures features) =>
        BtfTypes.Parse(BtfEncoder.Encode(_builder.ToTypes(), _symbols, features), "encoded");

    private sealed class Symbols : IBtfSymbols
    {
        public Dictionary<string, uint> Sections { get; } = [];

        public Dictionary<string, uint> Variables { get; } = [];

        public HashSet<string> Hidden { get; } = [];

        public bool AcceptsAll { get; set; }

        public bool TryGetSectionSize(ReadOnlySpan<byte> section, out uint size)
        {
            size = 64;
            return AcceptsAll || Sections.TryGetValue(Encoding.UTF8.GetString(section), out size);
        }

        public bool TryGetVariable(ReadOnlySpan<byte> section, ReadOnlySpan<byte> name, out uint offset, out bool isHidden)
        {
            string text = Encoding.UTF8.GetString(name);
            isHidden = Hidden.Contains(text);
            offset = 0;
            return AcceptsAll || Variables.TryGetValue(text, out offset);
        }

        public bool IsHiddenFunction(ReadOnlySpan<byte> name) => Hidden.Contains(Encoding.UTF8.GetString(name));
    }
}
