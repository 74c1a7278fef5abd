using Caretta.Aot.Links;

using Xunit;

namespace Caretta.Aot.Tests.Links;

/// <summary>The variable with which developers walk the paths of older kernels.</summary>
public sealed class KernelPartListTests
{
    [Theory]
    [InlineData(null, KernelParts.None)]
    [InlineData("", KernelParts.None)]
    [InlineData("btf", KernelParts.Btf)]
    [InlineData(" cgroup, sockops ,", KernelParts.Cgroup | KernelParts.Sockops)]
    public void Names_are_read(string? text, object expected)
    {
        Assert.True(KernelPartList.TryParse(text, out KernelParts parts));
        Assert.Equal((KernelParts)expected, parts);
    }

    [Theory]
    [InlineData("BTF")]
    [InlineData("btf;cgroup")]
    [InlineData("none")]
    public void Other_names_are_refused(string text) => Assert.False(KernelPartList.TryParse(text, out _));

    [Fact]
    public void Every_part_has_a_name()
    {
        Assert.True(KernelPartList.TryParse(KernelPartList.AllNames, out KernelParts parts));
        Assert.Equal(Enum.GetValues<KernelParts>().Aggregate(KernelParts.None, static (all, part) => all | part), parts);
    }

    [Fact]
    public void A_wrong_name_in_the_environment_is_refused_with_what_is_allowed()
    {
        OptionsException exception = Assert.Throws<OptionsException>(
            () => AgentOptions.Parse([], static name => name == KernelPartList.Variable ? "wheels" : null));

        Assert.Contains("CARETTA_WITHOUT: expected names separated by commas of btf, ", exception.Message, StringComparison.Ordinal);
    }
}
