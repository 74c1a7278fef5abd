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
        // Alone and first: what the others ask follows from it, and a store that is away is asked once.
        List<AgentRun> runs = await new AgentRuns(connection, limits).ReadAsync(from, to, cancel).ConfigureAwait(false);
        var returns = new LinkReturns(connection, limits);
        var links = new ObservedLinks();
        List<Func<CancellationToken, Task>> queries = [token => returns.FindAsync(from, to, token)];
        double range = to - from;
        foreach ((string metric, LinkCounters.Adder add) in LinkCounters.All)
        {
            // Agents that restarted are asked for run by run: what a run counted is all its last sample says.
            string others = runs.Count == 0 ? "" : $" unless on ({PromQl.AgentLabels}) {PromQl.Restarted(range + PromQl.Lookback)}";
            Ask(SumOf(PromQl.Growth(metric, range, PromQl.Lookback) + others), add);
            foreach (AgentRun run in runs)
            {
                double begin = Math.Max(run.After + 0.001, from);
                double lookback = Math.Min(PromQl.Lookback, begin - run.After - 0.001);
                Ask(SumOf(PromQl.Growth(metric + run.Selector, run.Until - begin, lookback, to - run.Until)), add);
            }
        }

        Ask(SumOf(Open), static (ref link, value) => link.Open += value);

        // The time of a sample is exact, but only samples at steps of the resolution are looked at; before the range too, to see whether a
        // link was there already. The end itself is looked at besides, and, for steps may miss one that was born shortly before the range,
        // whether it had a value at its begin.
        double resolution = Math.Max(range / 60, 60);
        string samples = $"(timestamp({LinkCounters.Sent})[{PromQl.Duration(range + resolution)}:{PromQl.Duration(resolution)}])";
        string before = $"{PromQl.Last(LinkCounters.Sent, PromQl.Lookback, range)} and {PromQl.Last(LinkCounters.Sent, range)}";
        Ask($"min by ({PromQl.LinkLabels})(min_over_time{samples})", See);
        Ask($"max by ({PromQl.LinkLabels})(max_over_time{samples})", See);
        Ask($"max by ({PromQl.LinkLabels})(timestamp({LinkCounters.Sent}))", See);
        Ask($"max by ({PromQl.LinkLabels})({before})", (ref link, _) => link.FirstSeen = from);

        await Batch.RunAsync(queries, cancel).ConfigureAwait(false);
        await returns.AddAsync(links, from, to, cancel).ConfigureAwait(false);
        links.Incomplete = returns.Omitted;
        return links;

        void Ask(string query, LinkCounters.Adder take) => queries.Add(token =>
        {
            var series = new SeriesReader(ObservedLinks.Labels, limits.MaxSeries, found =>
            {
                lock (links)
                {
                    int row = links.IndexOf(found);
                    if (row >= 0 && double.IsFinite(found.LastValue))
                    {
                        take(ref links.Links[row], found.LastValue);
                    }
                }
            });
            return connection.QueryAsync(query, to, series, token);
        });

        void See(ref ObservedLink link, double value)
        {
            double seen = Math.Clamp(value, from, to);
            link.LastSeen = Math.Max(link.LastSeen, seen);
            link.FirstSeen = link.FirstSeen > 0 ? Math.Min(link.FirstSeen, seen) : seen;
        }
    }

    private static string SumOf(string expression) => $"sum by ({PromQl.LinkLabels})({expression})";
}
