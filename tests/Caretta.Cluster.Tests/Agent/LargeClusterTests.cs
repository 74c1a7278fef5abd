using System.Globalization;

using Caretta.Cluster.Tests.Scale;
using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests.Agent;

/// <summary>What a large cluster costs a node.</summary>
public sealed class LargeClusterTests
{
    private const long MaxPeakBytes = 40_000_000;
    private const double MaxShareOfCore = 0.05;
    private const int ChangesPerSecond = 300;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Five minutes of changes is the figure that is promised; a minute shows the same, so <c>CARETTA_SCALE_SECONDS</c> says how long.</summary>
    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.Parse(Environment.GetEnvironmentVariable("CARETTA_SCALE_SECONDS") ?? "60", NumberStyles.None, CultureInfo.InvariantCulture));

    [ClusterFact]
    public async Task A_large_cluster_under_churn_stays_within_memory_and_processor_time()
    {
        await using var server = new ScaleServer(ScaleShape.Large);
        using var files = new TemporaryDirectory();
        await using RunningAgent agent = await ServedAgent.StartAsync(server, files, Cancellation);
        await ServedAgent.ExpectWatchAsync(server, agent, Cancellation);

        server.StartChurn(ChangesPerSecond);
        ProcessUse before = ProcessUse.Of(agent.Id);
        using var timer = new PeriodicTimer(Duration);
        await timer.WaitForNextTickAsync(Cancellation);
        ProcessUse after = ProcessUse.Of(agent.Id);

        double share = (after.ProcessorTime - before.ProcessorTime) / Duration;
        string figures = string.Create(
            CultureInfo.InvariantCulture,
            $"peak {after.PeakBytes / 1e6:f1} MB, {share:p1} of a core over {Duration.TotalSeconds:f0} s of {ChangesPerSecond} changes a second");
        TestContext.Current.TestOutputHelper!.WriteLine(figures);
        Assert.True(server.Tally(ScaleVerb.Watch, "pods").Bytes > Duration.TotalSeconds * ChangesPerSecond * 5_000, "the agent did not follow the changes");
        Assert.True(after.PeakBytes <= MaxPeakBytes, figures);
        Assert.True(share <= MaxShareOfCore, figures);
    }
}
