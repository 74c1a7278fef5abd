using Caretta.Bpf;
using Xunit;

namespace Caretta.Kernel.Tests.Lifecycle;

public sealed class ResidentCodeTests
{
    [Fact]
    public void Code_that_was_let_go_still_runs()
    {
        Assert.True(ResidentCode.Release() > 1 << 20);

        // All over the place: what this calls has to come back from its files.
        Assert.Equal(42, int.Parse(string.Concat("4", "2"), System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(ResidentCode.Release() > 1 << 20);
    }
}
