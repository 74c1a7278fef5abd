using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>
/// Finds out when agents restarted without their series getting other names: their counters began anew then, and a difference over both runs
/// would say nothing. The times are those of samples, so that no clock but the store's matters.
/// </summary>
internal sealed class AgentRuns(StoreConnection connection, StoreLimits limits)
{
    private const int MaxRuns = 200;
    private const double RawSeconds = 2 * 3600;     // so long a window is read sample by sample
    private const int CoarseSteps = 500;

    private static readonly string[] Labels = PromQl.AgentLabels.Split(',');

    /// <summary>The runs of agents that restarted within the range or shortly before; usually none.</summary>
    /// <exception cref="MapException">No answer, or more restarts than can be looked at.</exception>
    public async Task<List<AgentRun>> ReadAsync(double from, double to, CancellationToken cancel)
    {
        double window = to - from + PromQl.Lookback;
        List<string> selectors = [];
        var restarted = new SeriesReader(Labels, limits.MaxSeries, series => selectors.Add($"{{{PromQl.Matchers(Labels, series)}}}"));
        await connection.QueryAsync(PromQl.Restarted(window), to, restarted, cancel).ConfigureAwait(false);
        List<AgentRun> runs = [];
        foreach (string selector in selectors)
        {
            double after = double.NegativeInfinity;
            foreach (double last in await FindEndsAsync(selector, to, window, cancel).ConfigureAwait(false))
            {
                Add(after, last);
                after = last;
            }

            Add(after, to);

            void Add(double begin, double end)
            {
                if (end > from)
                {
                    runs.Add(new AgentRun(selector, Math.Max(begin, from - PromQl.Lookback - 1), end));
                }
            }
        }

        return runs.Count <= MaxRuns ? runs : throw StoreFailure.TooLarge($"more than {MaxRuns} runs of restarted agents");
    }

    // Times of the last samples of runs that were followed by another.
    private async Task<List<double>> FindEndsAsync(string selector, double to, double window, CancellationToken cancel)
    {
        List<double> ends = [];
        if (window <= RawSeconds)
        {
            await ReadSamplesAsync(selector, to, window, ends, cancel).ConfigureAwait(false);
            return ends;
        }

        // In steps first, then sample by sample where two steps differ.
        List<(double Time, double Value)> steps = [];
        double step = window / CoarseSteps;
        var coarse = new SeriesReader(Labels, limits.MaxSeries, series => steps.AddRange(series.Points));
        await connection.QueryRangeAsync(PromQl.Last(PromQl.StartTime + selector, step), to - window, to, step, coarse, cancel).ConfigureAwait(false);
        for (int i = 1; i < steps.Count; i++)
        {
            if (steps[i].Value != steps[i - 1].Value)
            {
                await ReadSamplesAsync(selector, steps[i].Time, steps[i].Time - steps[i - 1].Time + step, ends, cancel).ConfigureAwait(false);
            }
        }

        return ends;
    }

    private async Task ReadSamplesAsync(string selector, double to, double window, List<double> ends, CancellationToken cancel)
    {
        var raw = new SeriesReader(Labels, limits.MaxSeries, series =>
        {
            for (int i = 1; i < series.Points.Count; i++)
            {
                double last = series.Points[i - 1].Time;
                if (series.Points[i].Value != series.Points[i - 1].Value && (ends.Count == 0 || last > ends[^1]))
                {
                    ends.Add(last);
                }
            }
        });
        await connection.QueryAsync($"{PromQl.StartTime}{selector}[{PromQl.Duration(window)}]", to, raw, cancel).ConfigureAwait(false);
    }
}
