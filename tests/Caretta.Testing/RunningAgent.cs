using System.Globalization;

using Caretta.Traffic.Reports;

namespace Caretta.Testing;

/// <summary>The published agent, running on this machine.</summary>
internal sealed class RunningAgent : ChildProcess
{
    private RunningAgent(
        int port,
        TimeSpan pollInterval,
        IEnumerable<string> flags,
        IReadOnlyDictionary<string, string>? environment,
        string[] launcher)
        : base(launcher is [var program, ..] ? program : Repository.Artifact("caretta"), [
            .. launcher is [_, .. var rest] ? [.. rest, Repository.Artifact("caretta")] : (string[])[],
            "--prometheus-port", port.ToString(CultureInfo.InvariantCulture),
            "--poll-interval", pollInterval.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            .. flags],
            environment: environment)
    {
        Port = port;
    }

    public int Port { get; }

    public Uri Metrics => new($"http://127.0.0.1:{Port}/metrics");

    /// <summary>Starts it and waits until it says that it is ready.</summary>
    public static Task<RunningAgent> StartAsync(TimeSpan pollInterval, CancellationToken cancellation, params string[] flags) =>
        StartAsync(pollInterval, environment: null, launcher: [], cancellation, flags);

    /// <summary>Starts it in other surroundings and waits until it says that it is ready.</summary>
    /// <param name="pollInterval">Time between polls.</param>
    /// <param name="environment">Variables to set beside those of this process.</param>
    /// <param name="launcher">A command that ends by executing the one appended to it; empty to start the agent itself.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="flags">Of the agent.</param>
    public static Task<RunningAgent> StartAsync(
        TimeSpan pollInterval,
        IReadOnlyDictionary<string, string>? environment,
        string[] launcher,
        CancellationToken cancellation,
        params string[] flags) => StartAsync(pollInterval, environment, launcher, flags, FreePort(), cancellation);

    /// <summary>As the other, on a port that is known.</summary>
    public static async Task<RunningAgent> StartAsync(
        TimeSpan pollInterval,
        IReadOnlyDictionary<string, string>? environment,
        string[] launcher,
        string[] flags,
        int port,
        CancellationToken cancellation)
    {
        var agent = new RunningAgent(port, pollInterval, flags, environment, launcher);
        try
        {
            var ready = new Uri(agent.Metrics, "/readyz");
            await Eventually.GetAsync(
                "the agent is ready",
                TimeSpan.FromSeconds(10),
                async () => agent.HasExited ? throw new InvalidOperationException($"the agent ended: {agent.Log}") : await HttpGet.ReadAsync(ready, cancellation),
                cancellation);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    public Task<MetricsPage> ScrapeAsync(CancellationToken cancellation) => MetricsPage.LoadAsync(Metrics.ToString(), cancellation);

    /// <summary>Holds the application's counts against the page until they agree or ten seconds have passed.</summary>
    public Task<Comparison> CompareAsync(Func<Task<TrafficReport>> count, CancellationToken cancellation, ComparisonScope? scope = null) =>
        Comparison.UntilEqualAsync(count, () => ScrapeAsync(cancellation), scope ?? new ComparisonScope(), TimeSpan.FromSeconds(10), cancellation);
}
