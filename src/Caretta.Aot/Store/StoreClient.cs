using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>
/// Asks a Prometheus-compatible store what all agents counted. The queries are fixed; only times, and names as quoted strings, go into them.
/// Whatever goes wrong is a <see cref="MapException"/> with a reason of docs/api.md. Any thread.
/// </summary>
internal sealed class StoreClient : IDisposable
{
    private readonly StoreConnection _connection;
    private readonly StoreLimits _limits;

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
        LimitAsync(token => new LinkReader(_connection, _limits).ReadAsync(from, to, token), cancel);

    /// <summary>
    /// Of the same, only the bytes that each end sent: a fraction of the work for the store. Each link counts as seen during the whole range.
    /// </summary>
    /// <exception cref="MapException">No answer.</exception>
    public Task<ObservedLinks> SketchLinksAsync(double from, double to, CancellationToken cancel) =>
        LimitAsync(token => new LinkReader(_connection, _limits).SketchAsync(from, to, token), cancel);

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
}
