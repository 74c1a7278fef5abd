using Caretta.Aot.Store;
using Xunit;

namespace Caretta.Aot.Tests.Store;

/// <summary>What a counter counted although it began anew, beside what the difference of two of its values says. Samples are 10 s apart, from 10 s on.</summary>
public sealed class SampleRunsTests
{
    [Theory]
    [InlineData("1 2 5", 0, 5, 5)]             // it never fell
    [InlineData("1 2 5", 10, 4, 4)]
    [InlineData("1 2 5", 15, 4, 4)]
    [InlineData("1 2 5", 30, 0, 0)]
    [InlineData("7 9 2 3", 10, 5, 3)]          // 2 of the first run, 3 of the second
    [InlineData("7 9 2 30", 10, 32, 23)]       // it became more than it was
    [InlineData("7 9 2 3", 20, 3, 3)]          // the first run is before the range
    [InlineData("7 9 2 3", 30, 1, 1)]
    [InlineData("5 1 5 1 5", 0, 15, 5)]        // more than once
    [InlineData("5 x 1 2", 10, 2, 2)]          // what is no number is not there
    [InlineData("", 0, 0, 0)]
    public void Each_run_counts(string values, double from, double growth, double difference)
    {
        var samples = new SampleRuns(Samples(values));
        List<double> ends = [];
        samples.FindEnds(ends);
        Assert.Equal((growth, difference), (samples.Growth(from, ends), samples.Difference(from)));
    }

    [Fact]
    public void All_counters_of_a_link_begin_anew_together()
    {
        var bytes = new SampleRuns(Samples("70 90 20 30"));
        var connections = new SampleRuns(Samples("1 1 1 1"));
        List<double> ends = [];
        connections.FindEnds(ends);
        Assert.Empty(ends);
        bytes.FindEnds(ends);
        Assert.Equal([20.0], ends);
        Assert.Equal((1, 0), (connections.Growth(10, ends), connections.Difference(10)));
    }

    private static List<(double, double)> Samples(string values)
    {
        List<(double, double)> samples = [];
        foreach (string value in values.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            samples.Add(((samples.Count + 1) * 10, value == "x" ? double.NaN : double.Parse(value, System.Globalization.CultureInfo.InvariantCulture)));
        }

        return samples;
    }
}
