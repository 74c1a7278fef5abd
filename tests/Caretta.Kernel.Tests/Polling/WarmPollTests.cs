using System.Net.Sockets;
using System.Runtime.CompilerServices;

using Caretta.Aot;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;
using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Kernel.Tests.Polling;

/// <summary>The agent's poll with real connections: once it has met what there is, it allocates nothing.</summary>
public sealed class WarmPollTests
{
    private const int Connections = 40;
    private const int WarmPolls = 20;
    private const int MeasuredPolls = 150;

    [KernelFact]
    public Task A_warm_poll_of_idle_links_allocates_nothing() => ExpectNoAllocationAsync(static (_, _) => { });

    [KernelFact]
    public Task A_warm_poll_of_busy_links_allocates_nothing() => ExpectNoAllocationAsync(static (connections, _) =>
    {
        foreach (KeptConnection connection in connections)
        {
            connection.Exchange(100, 5000);
        }
    });

    [KernelFact]
    public Task A_warm_poll_of_short_connections_allocates_nothing() => ExpectNoAllocationAsync(static (_, listener) =>
    {
        for (int i = 0; i < 5; i++)
        {
            using var connection = new KeptConnection(listener, KeptConnection.AddressOf(i));
            connection.Exchange(10, 10);
        }
    });

    [KernelFact]
    public async Task Polling_a_fallback_tier_allocates_nothing() => await ExpectNoAllocationAsync(
        static (connections, _) =>
        {
            foreach (KeptConnection connection in connections)
            {
                connection.Exchange(10, 10);
            }
        },
        KernelParts.Iterators);

    private static async Task ExpectNoAllocationAsync(
        Action<List<KeptConnection>, Socket> act, KernelParts without = KernelParts.None, [CallerMemberName] string test = "")
    {
        if (!Rerun.IsInner(test))
        {
            await QuietMachine.ExpectPassAsync(typeof(WarmPollTests), test, TestContext.Current.CancellationToken);
            return;
        }

        using ILinkTier tier = TierChoice.Start(BuildInfo.TierObjects, without, QuietMachine.Cgroup, trackProcesses: true, out _);
        using var memory = new AgentMemory(tier);
        Agent agent = CreateAgent(tier, memory, out SnapshotExchange exchange);
        using Socket listener = KeptConnection.Listen();
        List<KeptConnection> connections = [];
        for (int i = 0; i < Connections; i++)
        {
            connections.Add(new KeptConnection(listener, KeptConnection.AddressOf(i)));
        }

        List<string> allocated = new(16);
        for (int i = 0; i < WarmPolls + MeasuredPolls; i++)
        {
            act(connections, listener);
            long before = GC.GetAllocatedBytesForCurrentThread();
            agent.Poll();
            long after = GC.GetAllocatedBytesForCurrentThread();
            if (i >= WarmPolls && after != before)
            {
                allocated.Add($"poll {i}: {after - before} bytes");
            }
        }

        Assert.Empty(allocated);
        Assert.True(agent.IsReady);
        LinkSnapshot snapshot = exchange.Acquire();
        Assert.Equal((ulong)(WarmPolls + MeasuredPolls), snapshot.Health.Polls);
        Assert.Equal(0UL, snapshot.Health.FailedPolls);
        Assert.Equal(2 * Connections, snapshot.Health.LinkKeys);
        snapshot.Release();
        connections.ForEach(static connection => connection.Dispose());
    }

    private static Agent CreateAgent(ILinkTier tier, AgentMemory memory, out SnapshotExchange exchange)
    {
        var facts = new AgentFacts
        {
            Version = "test",
            Kernel = KernelRelease.Text,
            Tier = tier.Kind.Name(),
            StartTime = DateTimeOffset.UnixEpoch,
            Programs = [.. tier.Programs.Select(static program => program.Name)],
            Maps = memory.MapNames,
        };
        var workloads = new WorkloadTable();
        string mount = CgroupTree.FindMount() ?? throw new DirectoryNotFoundException("no cgroup v2 tree is mounted");
        var cgroups = new CgroupPaths(new CgroupTree(mount, TimeProvider.System, TimeSpan.FromSeconds(1)));
        var naming = new HostNaming(workloads, cgroups);
        exchange = new SnapshotExchange(facts);
        var log = new Log(TextWriter.Null, TimeProvider.System);
        return new Agent(
            tier, memory, exchange, facts, workloads, naming, new LinkLimits(), new ManualResetEventSlim(), TimeSpan.FromSeconds(1), static () => 0, log);
    }
}
