using Caretta.Aot.Json;

namespace Caretta.Aot.Store;

/// <summary>Reads the samples of an answer with one series and no labels.</summary>
internal sealed class NumberSeries(StringCache strings) : SeriesReader(strings, [])
{
    /// <summary>Times and values.</summary>
    public List<(double Time, double Value)> Samples { get; } = [];

    /// <inheritdoc/>
    protected override void Sample(double time, double value) => Samples.Add((time, value));
}
