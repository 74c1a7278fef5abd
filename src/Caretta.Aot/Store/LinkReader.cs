using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>Reads what the counters of all agents say of links.</summary>
internal sealed class LinkReader(StoreConnection connection, StoreLimits limits)
{
    private const string Open = "caretta_link_connections";

    /// <summary>All links of a range.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public async Task<ObservedLinks> ReadAsync(double from, double to, CancellationToken cancel)
    {
        // One after the other, though most do not depend on one another: all of them weigh on the store, which has others to serve.
        List<AgentRun> runs = await new AgentRuns(connection, limits).ReadAsync(from, to, cancel).ConfigureAwait(false);
        var returns = new LinkReturns(connection, limits);
        await returns.FindAsync(from, to, cancel).ConfigureAwait(false);
        var links = new ObservedLinks();
        double range = to - from;
        foreach ((string metric, LinkCounters.Adder add) in LinkCounters.All)
        {
            await AddGrowthAsync(links, runs, metric, from, to, add, cancel).ConfigureAwait(false);
        }

        await AskAsync(SumOf(Open), static (ref link, value) => link.Open += value).ConfigureAwait(false);

        // The time of a sample is exact, but only samples at steps of the resolution are looked at; before the range too, to see whether a
        // link was there already. The end itself is looked at besides, and, for steps may miss one that was born shortly before the range,
        // whether it had a value at its begin.
        double resolution = Math.Max(range / 60, 60);
        string samples = $"(timestamp({LinkCounters.Sent})[{PromQl.Duration(range + resolution)}:{PromQl.Duration(resolution)}])";
        string before = $"{PromQl.Last(LinkCounters.Sent, PromQl.Lookback, range)} and {PromQl.Last(LinkCounters.Sent, range)}";
        await AskAsync($"min by ({PromQl.LinkLabels})(min_over_time{samples})", See).ConfigureAwait(false);
        await AskAsync($"max by ({PromQl.LinkLabels})(max_over_time{samples})", See).ConfigureAwait(false);
        await AskAsync($"max by ({PromQl.LinkLabels})(timestamp({LinkCounters.Sent}))", See).ConfigureAwait(false);
        await AskAsync($"max by ({PromQl.LinkLabels})({before})", (ref link, _) => link.FirstSeen = from).ConfigureAwait(false);

        await returns.AddAsync(links, from, to, cancel).ConfigureAwait(false);
        links.Incomplete = returns.Omitted;
        return links;

        Task AskAsync(string query, LinkCounters.Adder take) => this.AskAsync(links, query, to, take, cancel);

        void See(ref ObservedLink link, double value)
        {
            double seen = Math.Clamp(value, from, to);
            link.LastSeen = Math.Max(link.LastSeen, seen);
            link.FirstSeen = link.FirstSeen > 0 ? Math.Min(link.FirstSeen, seen) : seen;
        }
    }

    /// <summary>Links with what their ends sent, and nothing else.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public async Task<ObservedLinks> SketchAsync(double from, double to, CancellationToken cancel)
    {
        List<AgentRun> runs = await new AgentRuns(connection, limits).ReadAsync(from, to, cancel).ConfigureAwait(false);
        var links = new ObservedLinks();
        await AddGrowthAsync(links, runs, LinkCounters.Sent, from, to, Take, cancel).ConfigureAwait(false);
        return links;

        void Take(ref ObservedLink link, double value)
        {
            link.Sent += value;
            link.FirstSeen = from;
            link.LastSeen = to;
        }
    }

    private async Task AddGrowthAsync(
        ObservedLinks links, List<AgentRun> runs, string metric, double from, double to, LinkCounters.Adder add, CancellationToken cancel)
    {
        // Agents that restarted are asked for run by run: what a run counted is all its last sample says.
        double range = to - from;
        string others = runs.Count == 0 ? "" : $" unless on ({PromQl.AgentLabels}) {PromQl.Restarted(range + PromQl.Lookback)}";
        await AskAsync(links, SumOf(PromQl.Growth(metric, range, PromQl.Lookback) + others), to, add, cancel).ConfigureAwait(false);
        foreach (AgentRun run in runs)
        {
            double begin = Math.Max(run.After + 0.001, from);
            double lookback = Math.Min(PromQl.Lookback, begin - run.After - 0.001);
            string growth = PromQl.Growth(metric + run.Selector, run.Until - begin, lookback, to - run.Until);
            await AskAsync(links, SumOf(growth), to, add, cancel).ConfigureAwait(false);
        }
    }

    private Task AskAsync(ObservedLinks links, string query, double to, LinkCounters.Adder take, CancellationToken cancel)
    {
        var series = new SeriesReader(ObservedLinks.Labels, limits.MaxSeries, found =>
        {
            int row = links.IndexOf(found);
            if (row >= 0 && double.IsFinite(found.LastValue))
            {
                take(ref links.Links[row], found.LastValue);
            }
        });
        return connection.QueryAsync(query, to, series, cancel);
    }

    private static string SumOf(string expression) => $"sum by ({PromQl.LinkLabels})({expression})";
}
