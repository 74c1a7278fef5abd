using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>
/// Asks a Prometheus-compatible store what all agents counted. The queries are fixed; only times, and names as quoted strings, go into them.
/// Whatever goes wrong is a <see cref="MapException"/> with a reason of docs/api.md. Any thread.
/// </summary>
internal sealed class StoreClient : IDisposable
{
    private const string Sent = "caretta_links_observed";
    private const string Received = "caretta_link_received_bytes_total";
    private const string Opened = "caretta_link_connections_opened_total";
    private const string Closed = "caretta_link_connections_closed_total";
    private const string Failed = "caretta_link_connections_failed_total";
    private const string Open = "caretta_link_connections";

    private readonly StoreConnection _connection;
    private readonly StoreLimits _limits;

    private delegate void Taker(ref ObservedLink link, double value);

    /// <summary>Connects to nothing yet.</summary>
    /// <param name="url">As PROMETHEUS_URL has it.</param>
    /// <param name="limits">What a question may take.</param>
    public StoreClient(string url, StoreLimits limits)
    {
        _limits = limits;
        _connection = new StoreConnection(url, limits);
    }

    /// <summary>The store's address without credentials.</summary>
    public string Name => _connection.Name;

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    /// <summary>What the counters of all agents grew by within a range.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public Task<ObservedLinks> QueryLinksAsync(double from, double to, CancellationToken cancel) =>
        LimitAsync(token => ReadLinksAsync(from, to, token), cancel);

    /// <summary>The agents that the store heard of within a range.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public Task<List<MapAgent>> QueryAgentsAsync(double from, double to, CancellationToken cancel) =>
        LimitAsync(token => new AgentReader(_connection, _limits).ReadAsync(from, to, token), cancel);

    /// <summary>Points over time.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public Task<LinkHistory> QueryHistoryAsync(MapQuestion question, CancellationToken cancel) =>
        LimitAsync(token => new HistoryReader(_connection, _limits).ReadAsync(question, token), cancel);

    private async Task<T> LimitAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancel)
    {
        using var timer = new CancellationTokenSource(_limits.Question);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancel);
        try
        {
            return await ask(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw StoreFailure.Slow(_limits.Question);
        }
    }

    private async Task<ObservedLinks> ReadLinksAsync(double from, double to, CancellationToken cancel)
    {
        var links = new ObservedLinks();
        List<AgentRun> runs = await new AgentRuns(_connection, _limits).ReadAsync(from, to, cancel).ConfigureAwait(false);
        double range = to - from;
        await AddGrowthAsync(Sent, static (ref link, value) => link.Sent += value).ConfigureAwait(false);
        await AddGrowthAsync(Received, static (ref link, value) => link.Received += value).ConfigureAwait(false);
        await AddGrowthAsync(Opened, static (ref link, value) => link.Opened += value).ConfigureAwait(false);
        await AddGrowthAsync(Closed, static (ref link, value) => link.Closed += value).ConfigureAwait(false);
        await AddGrowthAsync(Failed, static (ref link, value) => link.Failed += value).ConfigureAwait(false);
        await AddAsync(SumOf(Open), static (ref link, value) => link.Open += value).ConfigureAwait(false);

        // The time of a sample is exact, but only samples at steps of the resolution are looked at; before the range too, to see whether a
        // link was there already. The end itself is looked at besides.
        double resolution = Math.Max(range / 60, 60);
        string samples = $"(timestamp({Sent})[{PromQl.Duration(range + resolution)}:{PromQl.Duration(resolution)}])";
        await AddAsync($"min by ({PromQl.LinkLabels})(min_over_time{samples})", (ref link, value) => link.FirstSeen = Math.Clamp(value, from, to))
            .ConfigureAwait(false);
        await AddAsync($"max by ({PromQl.LinkLabels})(max_over_time{samples})", (ref link, value) => link.LastSeen = Math.Clamp(value, from, to))
            .ConfigureAwait(false);
        await AddAsync($"max by ({PromQl.LinkLabels})(timestamp({Sent}))", (ref link, value) => See(ref link, value)).ConfigureAwait(false);

        // Steps may miss one that was born shortly before the range.
        string before = $"{PromQl.Last(Sent, PromQl.Lookback, range)} and {PromQl.Last(Sent, range)}";
        await AddAsync($"max by ({PromQl.LinkLabels})({before})", (ref link, _) => link.FirstSeen = from).ConfigureAwait(false);
        return links;

        void See(ref ObservedLink link, double value)
        {
            double seen = Math.Clamp(value, from, to);
            link.LastSeen = Math.Max(link.LastSeen, seen);
            link.FirstSeen = link.FirstSeen > 0 ? link.FirstSeen : seen;
        }

        async Task AddGrowthAsync(string metric, Taker take)
        {
            // Agents that restarted are asked for run by run: what a run counted is all its last sample says.
            string others = runs.Count == 0 ? "" : $" unless on ({PromQl.AgentLabels}) {PromQl.Restarted(range + PromQl.Lookback)}";
            await AddAsync(SumOf(PromQl.Growth(metric, range, PromQl.Lookback) + others), take).ConfigureAwait(false);
            foreach (AgentRun run in runs)
            {
                double begin = Math.Max(run.After + 0.001, from);
                double lookback = Math.Min(PromQl.Lookback, begin - run.After - 0.001);
                await AddAsync(SumOf(PromQl.Growth(metric + run.Selector, run.Until - begin, lookback, to - run.Until)), take).ConfigureAwait(false);
            }
        }

        async Task AddAsync(string query, Taker take)
        {
            var series = new SeriesReader(ObservedLinks.Labels, _limits.MaxSeries, reader =>
            {
                ref ObservedLink link = ref links.Find(reader);
                if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref link) && double.IsFinite(reader.LastValue))
                {
                    take(ref link, reader.LastValue);
                }
            });
            await _connection.QueryAsync(query, to, series, cancel).ConfigureAwait(false);
        }
    }

    private static string SumOf(string expression) => $"sum by ({PromQl.LinkLabels})({expression})";
}
