using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class PossibleCpusTests
{
    [Theory]
    [InlineData("0\n", 1, 1)]
    [InlineData("0-3\n", 4, 4)]
    [InlineData("0-3,8-11", 8, 12)]
    [InlineData("0,2,5-6\n", 4, 7)]
    public void A_list_has_a_count_and_an_end(string list, int count, int end) => Assert.Equal((count, end), PossibleCpus.Parse(list));
}
