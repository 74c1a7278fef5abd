using System.Buffers;
using System.Text;
using Caretta.Aot.Identity;
using Xunit;

namespace Caretta.Aot.Tests.Identity;

public sealed class WorkloadTests
{
    [Fact]
    public void Id_is_the_hash_of_name_and_namespace()
    {
        Assert.Equal(1074587981u, new Workload("checkoutservice", "demo-ng", "Deployment").Id);
        Assert.Equal(1112713827u, new Workload("productcatalogservice", "demo-ng", "Service").Id);
        Assert.Equal(Fnv1a.OffsetBasis, new Workload("", "", "pod").Id);
    }

    [Fact]
    public void Hash_matches_the_published_vectors()
    {
        Assert.Equal(0xe40c292cu, Fnv1a.Continue(Fnv1a.OffsetBasis, "a"u8));
        Assert.Equal(0xbf9cf968u, Fnv1a.Continue(Fnv1a.OffsetBasis, "foobar"u8));
    }

    [Fact]
    public void Owner_appears_on_the_client_side_only_and_only_if_known()
    {
        var owned = new Workload("pod-1", "demo", "pod", "rs-1");
        Assert.EndsWith("client_namespace=\"demo\",client_owner=\"rs-1\"", Text(owned.ClientLabels), StringComparison.Ordinal);
        Assert.DoesNotContain("owner", Text(owned.ServerLabels), StringComparison.Ordinal);
        Assert.DoesNotContain("owner", Text(new Workload("pod-1", "demo", "pod", "").ClientLabels), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("back\\slash", "back\\\\slash")]
    [InlineData("a\"b", "a\\\"b")]
    [InlineData("line\nend", "line\uFFFDend")]
    [InlineData("nul\0tab\tdel\u007f\u0085", "nul\uFFFDtab\uFFFDdel\uFFFD\uFFFD")]
    [InlineData("größe 名 🐢", "größe 名 🐢")]
    public void Label_values_are_escaped_and_stay_valid(string value, string expected)
    {
        var text = new ArrayBufferWriter<byte>();
        LabelText.Append(text, "x"u8, value);
        Assert.Equal($"x=\"{expected}\"", new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text.WrittenSpan));
    }

    [Fact]
    public void Half_a_character_is_replaced() => Assert.Equal("half \uFFFD", LabelText.Clean("half \ud83d"));

    [Fact]
    public void Equal_labels_are_one_workload()
    {
        var table = new WorkloadTable();
        int first = table.Intern("a\u0001", "host", "process");
        Assert.Equal(first, table.Intern("a\u0002", "host", "process"));
        Assert.Equal(first, table.Intern("a\u0001", "host", "process", ""));
        Assert.NotEqual(first, table.Intern("a\u0001", "host", "unit"));
        Assert.Equal(2, table.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => table[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => table[-1]);
    }

    [Fact]
    public void Numbers_stay_when_the_table_grows()
    {
        var table = new WorkloadTable();
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal(i, table.Intern($"w{i}", "host", "process"));
        }

        Assert.Equal("w7", table[7].Name);
        Assert.Equal(7, table.Intern("w7", "host", "process"));
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
