using Caretta.Cluster.Tests.Scale;
using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests.Agent;

/// <summary>What a hostile server can do to the agent.</summary>
public sealed class HostileServerTests
{
    private const long MaxPeakBytes = 40_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task Hostile_lists_are_survived_within_bounds()
    {
        foreach (ScaleFault fault in (ScaleFault[])[
            ScaleFault.CutConnection, ScaleFault.CutObject, ScaleFault.Page, ScaleFault.WrongTypes, ScaleFault.BadUtf8, ScaleFault.DeepNesting,
            ScaleFault.HugeAnnotations, ScaleFault.HugeName, ScaleFault.HugeString, ScaleFault.TooManyRequests, ScaleFault.ServerError, ScaleFault.Gone])
        {
            await using var server = new ScaleServer(ScaleShape.Small);
            using var files = new TemporaryDirectory();
            server.Inject(ScaleVerb.List, "pods", fault);
            await using RunningAgent agent = await ServedAgent.StartAsync(server, files, Cancellation);
            await ServedAgent.ExpectWatchAsync(server, agent, Cancellation);
            ExpectBounds(agent, fault);
        }
    }

    [ClusterFact]
    public async Task Hostile_watches_are_survived_within_bounds()
    {
        foreach (ScaleFault fault in (ScaleFault[])[
            ScaleFault.CutConnection, ScaleFault.CutObject, ScaleFault.WrongTypes, ScaleFault.BadUtf8, ScaleFault.DeepNesting,
            ScaleFault.HugeAnnotations, ScaleFault.HugeName, ScaleFault.HugeString, ScaleFault.GoneEvent])
        {
            await using var server = new ScaleServer(ScaleShape.Small);
            using var files = new TemporaryDirectory();
            await using RunningAgent agent = await ServedAgent.StartAsync(server, files, Cancellation);
            await ServedAgent.ExpectWatchAsync(server, agent, Cancellation);
            server.Inject(ScaleVerb.Watch, "pods", fault);
            server.StartChurn(100);
            await Eventually.GetAsync(
                $"the fault {fault} happened and changes are followed again",
                ServedAgent.Patience,
                () =>
                {
                    long bytes = server.Tally(ScaleVerb.Watch, "pods").Bytes;
                    bool huge = fault is ScaleFault.HugeName or ScaleFault.HugeString;
                    bool followed = server.PendingFaults(ScaleVerb.Watch, "pods") == 0
                        && (server.Tally(ScaleVerb.Watch, "pods").Requests > 1 || bytes > (huge ? FaultyObject.HugeLength : 20_000_000));
                    return Task.FromResult(followed ? "yes" : null);
                },
                Cancellation);
            ExpectBounds(agent, fault);
        }
    }

    private static void ExpectBounds(RunningAgent agent, ScaleFault fault)
    {
        Assert.False(agent.HasExited, $"{fault}: {agent.Log}");
        long peak = ProcessUse.Of(agent.Id).PeakBytes;
        Assert.True(peak <= MaxPeakBytes, $"{fault}: peak {peak} bytes");
        Assert.InRange(agent.Log.Split('\n').Length, 1, 25);
    }
}
