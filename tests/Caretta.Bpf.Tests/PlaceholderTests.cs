using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void Runs() => Assert.True(true);
}
