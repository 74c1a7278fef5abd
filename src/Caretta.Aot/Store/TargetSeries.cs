using Caretta.Aot.Json;

namespace Caretta.Aot.Store;

/// <summary>Reads which agents a series came from.</summary>
internal sealed class TargetSeries(StringCache strings) : SeriesReader(strings, ["instance", "job", "caretta_pod"])
{
    /// <summary>The agents read.</summary>
    public List<ScrapedTarget> Targets { get; } = [];

    /// <inheritdoc/>
    protected override void Sample(double time, double value) => Targets.Add(new ScrapedTarget(Label(0), Label(1), Label(2)));
}
