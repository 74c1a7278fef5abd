using Caretta.Linq;

using Xunit;

using Standard = System.Linq.Enumerable;

namespace Caretta.Bpf.Tests;

/// <summary>The operators of src/Common do as those of System.Linq, whose names they bear.</summary>
public sealed class SequencesTests
{
    private static readonly (int Key, string Text)[] Pairs =
        [.. Standard.Select(Standard.Range(0, 200), static number => (number * 7919 % 13, $"{number * 31 % 17}"))];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(200)]
    public void What_they_make_of_a_sequence_is_the_same(int length)
    {
        (int Key, string Text)[] some = Pairs[..length];

        Assert.Equal(Standard.Select(some, static pair => pair.Key), Sequences.Select(some, static pair => pair.Key));
        Assert.Equal(Standard.Where(some, static pair => pair.Key > 5), Sequences.Where(some, static pair => pair.Key > 5));
        Assert.Equal(Standard.OfType<string>(new object[] { 1, "a", 'b', "c" }), Sequences.OfType<string>(new object[] { 1, "a", 'b', "c" }));
        Assert.Equal(Standard.Concat(some, Pairs), Sequences.Concat(some, Pairs));
        Assert.Equal(Standard.Distinct(some), Sequences.Distinct(some));
        Assert.Equal(Standard.Any(some, static pair => pair.Key == 12), Sequences.Any(some, static pair => pair.Key == 12));
        Assert.Equal(Standard.All(some, static pair => pair.Key < 12), Sequences.All(some, static pair => pair.Key < 12));
        Assert.Equal(Standard.Count(some, static pair => pair.Key > 5), Sequences.Count(some, static pair => pair.Key > 5));
        Assert.Equal(Standard.Sum(some, static pair => pair.Key), Sequences.Sum(some, static pair => pair.Key));
        Assert.Equal(
            Standard.FirstOrDefault(some, static pair => pair.Key > 5), Sequences.FirstOrDefault(some, static pair => pair.Key > 5));
        Assert.Equal(some, Sequences.ToArray(Sequences.Where(some, static _ => true)));
        Assert.Equal(some, Sequences.ToList(Sequences.Where(some, static _ => true)));
        foreach (int count in new[] { -1, 0, 1, 2, 150, 201 })
        {
            Assert.Equal(Standard.Skip(some, count), Sequences.Skip(some, count));
            Assert.Equal(Standard.Take(some, count), Sequences.Take(some, count));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(200)]
    public void Equal_elements_stay_in_their_order(int length)
    {
        (int Key, string Text)[] some = Pairs[..length];

        Assert.Equal(Standard.OrderBy(some, static pair => pair.Key), Sequences.OrderBy(some, static pair => pair.Key));
        Assert.Equal(
            Standard.ThenBy(Standard.OrderBy(some, static pair => pair.Text, StringComparer.Ordinal), static pair => pair.Key),
            Sequences.OrderBy(some, static pair => pair.Text, StringComparer.Ordinal).ThenBy(static pair => pair.Key));
    }

    [Fact]
    public void Nothing_is_done_before_somebody_looks_and_no_more_than_is_looked_at()
    {
        int made = 0;
        IEnumerable<int> numbers = Sequences.Select(Standard.Range(0, 10), number =>
        {
            made++;
            return number;
        });

        Assert.Equal(0, made);
        Assert.Equal([0, 1], Sequences.Take(numbers, 2));
        Assert.Equal(2, made);
    }

    [Fact]
    public void What_must_be_one_or_some_says_so()
    {
        Assert.Equal("bb", Sequences.Single(["a", "bb", "c"], static text => text.Length == 2));
        Assert.Throws<InvalidOperationException>(() => Sequences.Single(Pairs, static pair => pair.Key == 1));
        Assert.Throws<InvalidOperationException>(() => Sequences.Single(Pairs, static pair => pair.Key == 99));
        Assert.Throws<InvalidOperationException>(() => Sequences.Max(Pairs[..0], static pair => pair.Key));
        Assert.Equal(12, Sequences.Max(Pairs, static pair => pair.Key));
        Assert.Throws<ArgumentException>(() => Sequences.ToDictionary(Pairs, static pair => pair.Key));
        Assert.Equal("a", Sequences.ToDictionary(["a", "bb"], static text => text.Length)[1]);
        Assert.Equal(2, Sequences.ToDictionary(["a", "bb"], static text => text, static text => text.Length)["bb"]);
    }
}
