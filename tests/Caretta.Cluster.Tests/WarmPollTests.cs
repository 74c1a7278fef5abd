using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

using Caretta.Aot;
using Caretta.Aot.Identity;
using Caretta.Aot.Kubernetes;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;
using Caretta.Bpf;
using Caretta.Cluster.Tests.Scale;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests;

/// <summary>
/// The agent's poll on a node of a cluster, with real connections between addresses that the API server tells of: once every end has its
/// name, it allocates nothing.
/// </summary>
public sealed class WarmPollTests
{
    private const int Connections = 40;
    private const int WarmPolls = 20;
    private const int MeasuredPolls = 150;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_warm_poll_of_named_idle_links_allocates_nothing() => ExpectNoAllocationAsync(static (_, _, _) => { });

    [Fact]
    public Task A_warm_poll_of_named_busy_links_allocates_nothing() => ExpectNoAllocationAsync(static (connections, _, _) =>
    {
        foreach (KeptConnection connection in connections)
        {
            connection.Exchange(100, 5000);
        }
    });

    [Fact]
    public Task A_warm_poll_of_named_short_connections_allocates_nothing() => ExpectNoAllocationAsync(static (_, listener, clients) =>
    {
        for (int i = 0; i < 5; i++)
        {
            using var connection = new KeptConnection(listener, clients[i]);
            connection.Exchange(10, 10);
        }
    });

    private static async Task ExpectNoAllocationAsync(
        Action<List<KeptConnection>, Socket, IPAddress[]> act, [CallerMemberName] string test = "")
    {
        if (!Rerun.IsInner(test))
        {
            await QuietMachine.ExpectPassAsync(typeof(WarmPollTests), test, Cancellation);
            return;
        }

        await using var server = new ScaleServer(ScaleShape.Small);
        using var files = new TemporaryDirectory();
        server.Token = "warm";
        Support.Kubeconfig.Write(files["kubeconfig"], server.Endpoint, server.Authority, "token: warm");
        KubernetesConfig config = KubernetesConfig.Find(name => name == "KUBECONFIG" ? files["kubeconfig"] : null, TimeProvider.System)!;

        // A service and pods, all at this machine's addresses.
        IPAddress service = Give(ScaleCluster.DescribeService(1));
        IPAddress[] clients = [.. Enumerable.Range(0, Connections).Select(i => Give(server.Cluster.Describe(server.Cluster.PodAt(i, server.Version))))];

        using MainTier tier = MainTier.Load(BuildInfo.ReadBpfObject(), trackProcesses: false);
        tier.Attach(QuietMachine.Cgroup);
        using var memory = new AgentMemory(tier);
        using var wake = new ManualResetEventSlim();
        var workloads = new WorkloadTable();
        var log = new Log(TextWriter.Null, TimeProvider.System);
        using var naming = new ClusterNaming(
            config,
            new AgentOptions { NodeName = "node" },
            workloads,
            new CgroupPaths(new CgroupTree(RootCgroup.Mount, TimeProvider.System, TimeSpan.FromSeconds(1))),
            wake.Set,
            log);
        naming.Start();
        var facts = new AgentFacts
        {
            Version = "test",
            Kernel = KernelRelease.Text,
            Tier = "main",
            StartTime = DateTimeOffset.UnixEpoch,
            Programs = [.. tier.Programs.Select(static program => program.Name)],
            Maps = memory.MapNames,
            WatchedTypes = naming.WatchedTypes,
        };
        var exchange = new SnapshotExchange(facts);
        var limits = new LinkLimits { SkipLoopback = true };
        var agent = new Aot.Agent(tier, memory, exchange, facts, workloads, naming, limits, wake, TimeSpan.FromSeconds(1), static () => 0, log);

        using Socket listener = KeptConnection.Listen(service);
        List<KeptConnection> connections = [.. clients.Select(client => new KeptConnection(listener, client))];
        Poll(agent, connections);
        await Eventually.GetAsync("every end has its name", Patience, () => Task.FromResult(AreNamed(exchange) ? exchange : Poll(agent, [])), Cancellation);

        // No await from here on: allocations are counted by thread.
        List<string> allocated = new(16);
        for (int i = 0; i < WarmPolls + MeasuredPolls; i++)
        {
            act(connections, listener, clients);
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
        Assert.Equal(0UL, snapshot.Health.FailedPolls);
        Assert.Equal(0UL, snapshot.Health.UnresolvedEnds);
        Assert.Equal(0, snapshot.Health.PendingKeys);
        snapshot.Release();
        connections.ForEach(static connection => connection.Dispose());
    }

    // Two pods of every workload talk to the service: a link for each end of each workload.
    private static bool AreNamed(SnapshotExchange exchange)
    {
        LinkSnapshot snapshot = exchange.Acquire();
        bool areNamed = snapshot.Health.PendingKeys == 0 && snapshot.Links.Count >= 2 * ScaleShape.Small.Workloads;
        snapshot.Release();
        return areNamed;
    }

    private static SnapshotExchange? Poll(Aot.Agent agent, List<KeptConnection> connections)
    {
        connections.ForEach(static connection => connection.Exchange(1, 1));
        agent.Poll();
        return null;
    }

    private static IPAddress Give(ObjectFields fields)
    {
        string address = fields[ObjectField.Ip];
        Command.Run("ip", "address", "add", address + "/32", "dev", "lo");
        return IPAddress.Parse(address);
    }
}
