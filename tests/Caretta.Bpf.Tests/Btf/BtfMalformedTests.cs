using System.Buffers.Binary;
using Caretta.Bpf.Btf;
using Caretta.Bpf.Tests.CoreRelocation;
using Xunit;

namespace Caretta.Bpf.Tests.Btf;

/// <summary>Bad bytes end in <see cref="BadImageException"/> and nothing else; what parses can be followed everywhere.</summary>
public sealed class BtfMalformedTests
{
    [Theory]
    [InlineData("target_moved.btf")]
    [InlineData("kernel.btf")]
    [InlineData("access.bpf.o")]
    public void Every_prefix_is_refused(string name)
    {
        byte[] image = Image(name);
        for (int length = 0; length < image.Length; length++)
        {
            byte[] prefix = image[..length];
            Assert.Throws<BadImageException>(() => BtfTypes.Parse(prefix, name));
        }
    }

    [Theory]
    [InlineData("target_moved.btf")]
    [InlineData("kernel.btf")]
    [InlineData("access.bpf.o")]
    public void Every_changed_byte_is_refused_or_harmless(string name)
    {
        byte[] image = Image(name);
        foreach (byte change in (ReadOnlySpan<byte>)[0x01, 0x80, 0xff])
        {
            for (int at = 0; at < image.Length; at++)
            {
                image[at] ^= change;
                TryWalk(image, name);
                image[at] ^= change;
            }
        }
    }

    [Fact]
    public void Random_damage_is_refused_or_harmless()
    {
        Random random = new(20261122);
        byte[] original = Image("kernel.btf");
        for (int round = 0; round < 3000; round++)
        {
            byte[] image = (byte[])original.Clone();
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(random.Next(image.Length / 4) * 4), random.Next(4) switch
                {
                    0 => (uint)random.Next(200),
                    1 => uint.MaxValue - (uint)random.Next(16),
                    2 => (uint)random.Next() << 24,
                    _ => (uint)random.Next(),
                });
            }

            TryWalk(image, "damaged");
        }
    }

    [Fact]
    public void The_header_is_checked_field_by_field()
    {
        BtfBuilder builder = new();
        builder.Int("int", 4);
        byte[] image = builder.ToImage();

        AssertBroken(image, 0, 0x1234, "not BTF");
        AssertBroken(image, 0, 0x0002_EB9F, "version 2");
        AssertBroken(image, 4, 23, "header of 23 bytes");
        AssertBroken(image, 4, uint.MaxValue, "header of 4294967295 bytes");
        AssertBroken(image, 8, 2, "types");
        AssertBroken(image, 12, uint.MaxValue, "types are 4294967295 bytes at offset 0x18");
        AssertBroken(image, 12, 8, "need 12 bytes");
        AssertBroken(image, 16, 0, "types end at");
        AssertBroken(image, 16, uint.MaxValue, "strings are");
        AssertBroken(image, 20, 0, "do not end with a NUL");
        AssertBroken(image, 20, 3, "do not end with a NUL");
    }

    [Fact]
    public void Absurd_lengths_are_refused_before_they_are_used()
    {
        foreach (BtfKind kind in Enum.GetValues<BtfKind>())
        {
            BtfBuilder builder = new();
            builder.Add("t", kind, 0xff_ffff, false, 0, 0, 0);
            if (kind is BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.DataSection or BtfKind.FunctionPrototype)
            {
                BadImageException exception = Assert.Throws<BadImageException>(() => builder.ToTypes());
                Assert.Contains("more bytes, only 8 left", exception.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Ids_names_and_linkages_that_do_not_exist_are_refused()
    {
        AssertRefused(b => b.Pointer(2), "refers to type 2");
        AssertRefused(b => b.Pointer(uint.MaxValue), "refers to type 4294967295");
        AssertRefused(b => b.Array(9, 1), "refers to type 9");
        AssertRefused(b => b.Struct("s", 4, ("m", 9, 0)), "refers to type 9");
        AssertRefused(b => b.Prototype(0, ("p", 9)), "refers to type 9");
        AssertRefused(b => b.Section("s", 4, (9, 0, 4)), "refers to type 9");
        AssertRefused(b => b.Add("f", BtfKind.Function, 3, false, b.Prototype(0)), "linkage 3");
        AssertRefused(b => b.Add("v", BtfKind.Variable, 0, false, b.Int("int", 4), 7), "linkage 7");
        AssertRefused(b => b.Function("f", b.Int("int", 4), BtfLinkage.Static), "not a func_proto");
        AssertRefused(b => b.Section("s", 4, (b.Int("int", 4), 0, 4)), "not a variable or function");
        AssertRefused(b => b.Add("", BtfKind.Enum, 1, false, 4, 0x1000, 0), "name at 0x1000");
        AssertRefused(b => b.Add("", (BtfKind)20, 0, false, 0), "unknown kind 20");
        AssertRefused(b => b.Add("", BtfKind.Void, 0, false, 0), "unknown kind 0");
    }

    [Fact]
    public void Types_that_wrap_one_another_in_a_circle_are_refused()
    {
        AssertRefused(b => b.Typedef("t", 1), "is it a cycle?");
        AssertRefused(b => b.Array(1, 1), "is it a cycle?");
        AssertRefused(b => b.Modifier(BtfKind.Const, b.Array(2, 3)), "is it a cycle?");
        AssertRefused(b => b.Variable("v", 1, BtfLinkage.Static), "is it a cycle?");
    }

    [Fact]
    public void A_chain_may_be_as_long_as_the_kernel_allows_and_no_longer()
    {
        BtfBuilder builder = new();
        uint id = builder.Int("int", 4);
        for (int i = 0; i < BtfFormat.MaxDepth; i++)
        {
            id = builder.Modifier(BtfKind.Const, id);
        }

        Assert.Equal(1u, builder.ToTypes().SkipModifiers(id).Id);
        builder.Modifier(BtfKind.Const, id);
        Assert.Throws<BadImageException>(() => builder.ToTypes());
    }

    [Fact]
    public void A_struct_may_contain_itself_in_bytes_that_nobody_follows()
    {
        BtfBuilder builder = new();
        builder.Struct("s", 4, ("", 1, 0), ("self", 1, 0));

        Assert.True(builder.ToTypes().TryGetSize(1, out uint size));
        Assert.Equal(4u, size);
    }

    private static byte[] Image(string name) =>
        name.EndsWith(".o", StringComparison.Ordinal) ? CoreFixtures.Section(name, ".BTF").ToArray() : CoreFixtures.Read(name);

    private static void TryWalk(byte[] image, string name)
    {
        BtfTypes types;
        try
        {
            types = BtfTypes.Parse(image, name);
        }
        catch (BadImageException)
        {
            return;
        }

        long sum = types.FindByName("node"u8, BtfKind.Struct);
        for (uint id = 0; id <= (uint)types.Count; id++)
        {
            BtfType type = types[id];
            sum += type.Name.Length + (types.TryGetSize(id, out uint size) ? size : 0) + types.SkipModifiers(id).Id;
            for (int i = 0; i < type.Length; i++)
            {
                sum += type.Kind switch
                {
                    BtfKind.Struct or BtfKind.Union => types[type.Member(i).TypeId].Id + types.NameOf(type.Member(i).NameOffset).Length,
                    BtfKind.Enum or BtfKind.Enum64 => types.NameOf(type.Enumerator(i).NameOffset).Length,
                    BtfKind.FunctionPrototype =>
                        types[type.Parameter(i).TypeId].Id + types.NameOf(type.Parameter(i).NameOffset).Length,
                    BtfKind.DataSection => types[type.SectionVariable(i).TypeId].Id,
                    _ => 0,
                };
                if (!type.IsComposite && !type.IsEnumeration && type.Kind is not (BtfKind.FunctionPrototype or BtfKind.DataSection))
                {
                    break;      // other kinds have no parts, whatever their length says
                }
            }
        }

        Assert.True(sum >= 0);
    }

    private static void AssertBroken(byte[] image, int at, uint value, string message)
    {
        byte[] broken = (byte[])image.Clone();
        BinaryPrimitives.WriteUInt32LittleEndian(broken.AsSpan(at), value);
        Assert.Contains(message, Assert.Throws<BadImageException>(() => BtfTypes.Parse(broken, "test")).Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(Func<BtfBuilder, uint> build, string message)
    {
        BtfBuilder builder = new();
        build(builder);
        Assert.Contains(message, Assert.Throws<BadImageException>(() => builder.ToTypes()).Message, StringComparison.Ordinal);
    }
}
