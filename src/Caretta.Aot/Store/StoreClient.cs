using Caretta.Aot.Json;

namespace Caretta.Aot.Store;

/// <summary>
/// What a Prometheus-compatible store knows of the links of all agents. Asks only when it is asked, a limited number of questions at once
/// and each for a limited time. Any thread.
/// </summary>
internal sealed class StoreClient : IDisposable
{
    private const int MaxPoints = 120;
    private const int MaxWindows = 64;
    private const double MinHistoryStep = 10;

    // Two samples of whoever scrapes once a minute.
    private const double MinRateWindow = 120;


    private readonly StoreConnection _connection;
    private readonly StoreLimits _limits;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private int _asking;

    /// <summary>Connects to nothing yet.</summary>
    /// <param name="url">The store's address: http or https, may hold credentials.</param>
    /// <param name="limits">What it may cost; null for the defaults.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public StoreClient(string url, StoreLimits? limits = null, TimeProvider? time = null)
    {
        _limits = limits ?? new StoreLimits();
        _time = time ?? TimeProvider.System;
        _connection = new StoreConnection(url, _limits);
    }

    /// <summary>Where the store is, without credentials.</summary>
    public string Address => _connection.Address;

    /// <summary>Requests sent to it.</summary>
    public long Requests => _connection.Requests;

    /// <summary>What each end of each link counted within the range, over all agents.</summary>
    /// <exception cref="StoreException">There is no answer that can be used.</exception>
    public Task<ObservedLinks> QueryLinksAsync(double from, double to) => AskAsync(cancel => ReadLinksAsync(from, to, cancel));

    /// <summary>What each agent said about itself, by when it was last heard in the range.</summary>
    /// <exception cref="StoreException">There is no answer that can be used.</exception>
    public Task<IReadOnlyCollection<ObservedAgent>> QueryAgentsAsync(double from, double to) =>
        AskAsync(cancel => ReadAgentsAsync(from, to, cancel));

    /// <summary>Rates over time of the links selected, summed.</summary>
    /// <exception cref="StoreException">There is no answer that can be used.</exception>
    public Task<ObservedHistory> QueryHistoryAsync(LinkSelection selection, double from, double to) =>
        AskAsync(cancel => ReadHistoryAsync(selection, from, to, cancel));

    /// <inheritdoc/>
    public void Dispose()
    {
        // What is under way ends soon: its task fails, and whoever waits for it hears so.
        _stop.Cancel();
        _connection.Dispose();
    }

    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask)
        where T : class
    {
        if (Interlocked.Increment(ref _asking) > _limits.Questions)
        {
            Interlocked.Decrement(ref _asking);
            throw StoreException.Busy();
        }

        using var timer = new CancellationTokenSource(_limits.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, _stop.Token);
        try
        {
            return await ask(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw StoreException.Away("the agent is stopping");
        }
        catch (OperationCanceledException)
        {
            throw StoreException.Slow(_limits.Timeout);
        }
        finally
        {
            Interlocked.Decrement(ref _asking);
        }
    }

    private async Task<ObservedLinks> ReadLinksAsync(double from, double to, CancellationToken cancel)
    {
        var links = new ObservedLinks();
        var strings = new StringCache();
        long rangeMs = Milliseconds(to) - Milliseconds(from);
        var restarted = new TargetSeries(strings);
        await _connection.QueryAsync(StoreQueries.Reset(rangeMs), to, restarted, cancel).ConfigureAwait(false);
        for (LinkCounter counter = LinkCounter.Sent; counter <= LinkCounter.Failed; counter++)
        {
            LinkCounter current = counter;
            await _connection.QueryAsync(
                StoreQueries.Growth(counter, rangeMs, restarted.Targets.Count > 0), to,
                new LinkSeries(strings, (ends, _, value) => links.GetOrAdd(ends)[current] += value), cancel).ConfigureAwait(false);
        }

        foreach (ScrapedTarget target in restarted.Targets)
        {
            await ReadRestartedAsync(links, strings, target, from, to, cancel).ConfigureAwait(false);
        }

        long stepMs = Math.Max(rangeMs / 60, 60_000);
        await ReadEachAsync(StoreQueries.OpenNow(), static (link, value) => link.Open = value).ConfigureAwait(false);
        await ReadEachAsync(StoreQueries.FirstSeen(from, rangeMs, stepMs), static (link, value) => link.FirstSeen = value).ConfigureAwait(false);
        await ReadEachAsync(StoreQueries.LastSeen(rangeMs, stepMs), static (link, value) => link.LastSeen = value).ConfigureAwait(false);
        return links;

        Task ReadEachAsync(string query, Action<ObservedLink, double> set) => _connection.QueryAsync(
            query, to,
            new LinkSeries(strings, (ends, _, value) =>
            {
                if (links.Find(ends) is { } link)
                {
                    set(link, value);
                }
            }),
            cancel);
    }

    private async Task ReadRestartedAsync(
        ObservedLinks links, StringCache strings, ScrapedTarget target, double from, double to, CancellationToken cancel)
    {
        double begin = from - StoreQueries.LookbackSeconds;
        long rangeMs = Milliseconds(to) - Milliseconds(from);
        for (LinkCounter counter = LinkCounter.Sent; counter <= LinkCounter.Failed; counter++)
        {
            var count = new NumberSeries(strings);
            await _connection.QueryAsync(StoreQueries.SampleCount(counter, target, rangeMs), to, count, cancel).ConfigureAwait(false);
            double samples = count.Samples.Count > 0 ? count.Samples[0].Value : 0;
            if (samples == 0)
            {
                continue;
            }

            int windows = (int)Math.Ceiling(samples / _limits.Samples);
            if (windows > MaxWindows)
            {
                throw StoreException.TooLarge($"agents began anew in the range, and {samples:0} samples are too many to add up: ask for a shorter range");
            }

            var restarted = new RestartedLinks(from);
            long windowMs = ((rangeMs + (long)(StoreQueries.LookbackSeconds * 1000)) / windows) + 1;
            for (int window = 0; window < windows; window++)
            {
                double end = window == windows - 1 ? to : begin + ((window + 1) * (windowMs / 1000.0));
                await _connection.QueryAsync(
                    StoreQueries.Samples(counter, target, windowMs), end, new LinkSeries(strings, restarted.Add), cancel).ConfigureAwait(false);
            }

            restarted.AddTo(links, counter);
        }
    }

    private async Task<IReadOnlyCollection<ObservedAgent>> ReadAgentsAsync(double from, double to, CancellationToken cancel)
    {
        var agents = new Dictionary<ScrapedTarget, ObservedAgent>();
        var strings = new StringCache();
        long rangeMs = Milliseconds(to) - Milliseconds(from);
        await _connection.QueryAsync(StoreQueries.Agents(rangeMs), to, new AgentSeries(strings, agents), cancel).ConfigureAwait(false);
        await _connection.QueryAsync(StoreQueries.AgentsUp(), to, new AgentSeries(strings, agents) { IsUp = true }, cancel).ConfigureAwait(false);
        return agents.Values;
    }

    private async Task<ObservedHistory> ReadHistoryAsync(LinkSelection selection, double from, double to, CancellationToken cancel)
    {
        // Whole seconds: the points are easier to read, and every store takes them.
        double step = Math.Max(Math.Ceiling((to - from) / (MaxPoints - 1)), MinHistoryStep);
        var history = new ObservedHistory(step, (int)Math.Floor((to - from) / step) + 1);
        long windowMs = Milliseconds(Math.Max(step, MinRateWindow));
        var strings = new StringCache();
        for (HistoryLine line = HistoryLine.ToServer; line <= HistoryLine.Failed; line++)
        {
            var points = new NumberSeries(strings);
            await _connection.QueryRangeAsync(
                StoreQueries.Rate(line, selection, windowMs), from, to, step, points, cancel).ConfigureAwait(false);
            foreach ((double time, double value) in points.Samples)
            {
                int index = (int)Math.Round((time - from) / step);
                if ((uint)index < (uint)history[line].Length)
                {
                    history[line][index] = value;
                }
            }
        }

        return history;
    }

    private static long Milliseconds(double seconds) => (long)Math.Round(seconds * 1000);
}
