using System.Diagnostics;
using System.Globalization;
using System.Net;

using Caretta.Cluster.Tests.Scale;
using Caretta.Cluster.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Cluster.Tests.Agent;

/// <summary>What a large cluster costs a node.</summary>
public sealed class LargeClusterTests
{
    private const long MaxResidentBytes = 40_000_000;
    private const long MaxPeakBytes = 43_000_000;       // while the first list comes in, what is dropped on the way is not collected yet
    private const double MaxShareOfCore = 0.08;
    private const int ChangesPerSecond = 300;
    private const int Connections = 4_990;      // two links each, and the default budget of 10,000 leaves room for the agent's own

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Five minutes of changes is the figure that is promised; a minute shows the same, so <c>CARETTA_SCALE_SECONDS</c> says how long.</summary>
    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.Parse(Environment.GetEnvironmentVariable("CARETTA_SCALE_SECONDS") ?? "60", NumberStyles.None, CultureInfo.InvariantCulture));

    [ClusterFact]
    public async Task A_large_cluster_under_churn_and_ten_thousand_links_stay_within_memory_and_processor_time()
    {
        await using var server = new ScaleServer(ScaleShape.Large);
        using var files = new TemporaryDirectory();
        await using RunningAgent agent = await ServedAgent.StartAsync(server, files, Cancellation);
        await ServedAgent.ExpectWatchAsync(server, agent, Cancellation);
        await using ScaleTraffic traffic = await ScaleTraffic.OpenAsync(
            server.Cluster, Connections, Duration + TimeSpan.FromMinutes(3), Cancellation);
        await Eventually.GetAsync(
            "all links between pods are on the page",
            TimeSpan.FromMinutes(1),
            async () => CountPodLinks(await agent.ScrapeAsync(Cancellation)) == traffic.Links ? "yes" : null,
            Cancellation);

        server.StartChurn(ChangesPerSecond);
        using var compressed = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.GZip });
        ProcessUse before = ProcessUse.Of(agent.Id);
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(ServedAgent.PollInterval);
        while (Stopwatch.GetElapsedTime(started) < Duration && await timer.WaitForNextTickAsync(Cancellation))
        {
            // All links are active at every poll, and two scrapers ask for the page three times as often as is usual.
            await traffic.ExchangeAsync(Cancellation);
            await agent.ScrapeAsync(Cancellation);
            await compressed.GetStringAsync(agent.Metrics, Cancellation);
        }

        TimeSpan took = Stopwatch.GetElapsedTime(started);
        ProcessUse after = ProcessUse.Of(agent.Id);
        double share = (after.ProcessorTime - before.ProcessorTime) / took;
        string figures = string.Create(
            CultureInfo.InvariantCulture,
            $"{after.ResidentBytes / 1e6:f1} MB, peak {after.PeakBytes / 1e6:f1} MB, {share:p1} of a core over {took.TotalSeconds:f0} s of {ChangesPerSecond} changes a second with {traffic.Links} links");
        TestContext.Current.TestOutputHelper!.WriteLine(figures);
        Assert.True(server.Tally(ScaleVerb.Watch, "pods").Bytes > took.TotalSeconds * ChangesPerSecond * 5_000, "the agent did not follow the changes");
        Assert.True(after.ResidentBytes <= MaxResidentBytes, figures);
        Assert.True(after.PeakBytes <= MaxPeakBytes, figures);
        Assert.True(share <= MaxShareOfCore, figures);
    }

    private static int CountPodLinks(MetricsPage page) => page.Samples.Count(static sample =>
        sample.Name == "caretta_links_observed"
        && sample.Label("client_namespace").StartsWith("team-", StringComparison.Ordinal)
        && sample.Label("server_namespace").StartsWith("team-", StringComparison.Ordinal));
}
