using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Traffic;

public sealed class MetricsPageTests
{
    [Fact]
    public void Reads_names_labels_and_values()
    {
        MetricsPage page = MetricsPage.Parse("""
            # HELP a Something.
            # TYPE a gauge
            a 1
            b{} 2.5
            c{x="1",y="two"} 9007199254740991 1395066363000
            d +Inf
            """.ReplaceLineEndings("\n"));

        Assert.Equal(["a", "b", "c", "d"], page.Samples.Select(static sample => sample.Name));
        Assert.Equal([1, 2.5, 9007199254740991, double.PositiveInfinity], page.Samples.Select(static sample => sample.Value));
        Assert.Equal("two", page.Samples[2].Label("y"));
        Assert.Equal("", page.Samples[2].Label("z"));
    }

    [Fact]
    public void Unescapes_label_values()
    {
        MetricsPage page = MetricsPage.Parse("""a{x="back\\slash \"quoted\" new\nline {,}="} 1""");

        Assert.Equal("back\\slash \"quoted\" new\nline {,}=", Assert.Single(page.Samples).Label("x"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a{x=\"1\"}")]
    [InlineData("a{x=\"1} 1")]
    [InlineData("a{x=1} 1")]
    [InlineData("a{x=\"1\",x=\"2\"} 1")]
    [InlineData("a one")]
    [InlineData("a 1 2 3")]
    [InlineData("{x=\"1\"} 1")]
    public void Refuses_what_is_not_a_sample(string line) => Assert.Throws<FormatException>(() => MetricsPage.Parse(line));
}
