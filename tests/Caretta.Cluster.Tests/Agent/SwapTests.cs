using System.Globalization;
using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests.Agent;

/// <summary>An address goes from one workload to the next, and the next, while several clients talk: each byte is under the right name.</summary>
public sealed class SwapTests
{
    private const string Space = "shop";
    private const int Port = 7018;     // of these tests alone
    private const int Holders = 4;
    private const string Address = "10.244.0.9";

    // Of the agent: pods that the API server told of and has not taken back.
    private const string KnownPods = "caretta_agent_index_objects";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly Dictionary<NamedLink, long> _expected = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Whose control group says who they are: even before the API server tells of the new one, and while it still tells of the old.</summary>
    [ClusterFact]
    public Task Of_pods_known_by_their_control_group_each_gets_its_own_bytes() =>
        ExpectNoMixtureAsync(CgroupLayout.SystemdContainerd, removeLate: true);

    /// <summary>As ends on other nodes are: only the address says who they are.</summary>
    [ClusterFact]
    public Task Of_pods_known_by_their_address_each_gets_its_own_bytes() =>
        ExpectNoMixtureAsync(CgroupLayout.Elsewhere, removeLate: false);

    private async Task ExpectNoMixtureAsync(CgroupLayout layout, bool removeLate)
    {
        await using ClusterScene scene = await ClusterScene.StartAsync(new ApiServerOptions(), Cancellation, Space);
        RunningPod[] clients = new RunningPod[3];
        for (int i = 0; i < clients.Length; i++)
        {
            clients[i] = await scene.StartPodAsync(
                Manifest.Pod(Space, Name("client", i), ClusterScene.NodeName), Cancellation, Name("10.244.0.", 20 + i));
        }

        // Goes on through every swap.
        RunningPod steady = await scene.StartPodAsync(Manifest.Pod(Space, "steady", ClusterScene.NodeName), Cancellation, "10.244.0.3");
        RunningPod bystander = await scene.StartPodAsync(Manifest.Pod(Space, "bystander", ClusterScene.NodeName), Cancellation, "10.244.0.4");
        await steady.Traffic.ListenAsync("10.244.0.3", Cancellation, Port);
        RunningAgent agent = await scene.StartAgentAsync(Cancellation);
        var background = new Talk(bystander, "all-along", $"10.244.0.3:{Port}", 50, Cancellation);

        RunningPod? old = null;
        for (int i = 0; i < Holders; i++)
        {
            RunningPod holder = await scene.StartUnannouncedAsync(await HolderAsync(scene, i), layout, Cancellation, Address);
            await holder.Traffic.ListenAsync(Address, Cancellation, Port);

            // The API server does not know yet that this one is there.
            Talk[] talks = [.. clients.Select(client => new Talk(client, Name("to-", i), $"{Address}:{Port}", 1000 << i, Cancellation))];
            await GoOnAsync(talks);
            if (removeLate && old is not null)
            {
                await scene.Server.Admin.DeleteAsync(old.Path, Cancellation);
                await GoOnAsync(talks);
            }

            await holder.AnnounceAsync(scene.Server.Admin, Cancellation);
            await GoOnAsync(talks);

            // It is asked to end, and talks on.
            await scene.Server.Admin.DeleteAsync(holder.Path, Cancellation, graceSeconds: 30);
            await GoOnAsync([.. talks, background]);
            for (int client = 0; client < talks.Length; client++)
            {
                await AddAsync(Name("client", client), "CronJob shop/" + Name("holder", i), talks[client]);
            }

            await scene.StopAsync(holder);
            if (!removeLate)
            {
                await RemoveAsync(scene, agent, holder);
            }

            old = holder;
        }

        await AddAsync("bystander", "pod shop/steady", background);
        await ClusterScene.ExpectAsync(agent, Port, _expected, Patience, Cancellation);
    }

    // What a kubelet does when the last container has ended. The agent has heard of it when this returns.
    private static async Task RemoveAsync(ClusterScene scene, RunningAgent agent, RunningPod pod)
    {
        double before = await KnownPodsAsync(agent);
        await scene.Server.Admin.DeleteAsync(pod.Path, Cancellation);
        await Eventually.GetAsync(
            "the agent has heard that the pod is gone",
            Patience,
            async () => await KnownPodsAsync(agent) < before ? agent : null,
            Cancellation);
    }

    private static async Task<double> KnownPodsAsync(RunningAgent agent) => (await agent.ScrapeAsync(Cancellation)).Samples
        .Single(static sample => sample.Name == KnownPods && sample.Label("object_type") == "pods").Value;

    // Of a workload of its own, two owners up: its name takes two questions to the API server.
    private static async Task<JsonObject> HolderAsync(ClusterScene scene, int number)
    {
        JsonObject cron = await scene.Server.Admin.CreateAsync(Manifest.CronJob(Space, Name("holder", number), ClusterScene.NodeName), Cancellation);
        JsonObject job = await scene.Server.Admin.CreateAsync(
            Manifest.Job(Space, Name("holder", number) + "-1", ClusterScene.NodeName).OwnedBy(cron), Cancellation);
        return Manifest.Pod(Space, Name("holder", number) + "-1-x", ClusterScene.NodeName).OwnedBy(job);
    }

    private static async Task GoOnAsync(Talk[] talks)
    {
        foreach (Talk talk in talks)
        {
            await talk.GoOnAsync(Cancellation);
        }
    }

    private async Task AddAsync(string client, string server, Talk talk)
    {
        long exchanges = await talk.StopAsync();
        talk.Dispose();
        _expected[new NamedLink("pod shop/" + client, server, Port, 1)] = exchanges * Talk.SentEachTime;
        _expected[new NamedLink("pod shop/" + client, server, Port, 2)] = exchanges * talk.Response;
    }

    private static string Name(string prefix, int number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{number}");
}
