using System.Globalization;
using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Cluster.Tests.Agent;

/// <summary>Every end of every link is a workload of the cluster, and each byte is under the right one.</summary>
public sealed class NamesTests
{
    private const string Space = "shop";
    private const int Port = 7017;     // of these tests alone
    private const long Request = 100;
    private const long Response = 1000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);     // longer than bytes wait for a vacant address's next owner

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task Workloads_of_all_kinds_are_named_by_their_topmost_owner()
    {
        await using ClusterScene scene = await ClusterScene.StartAsync(new ApiServerOptions { Controllers = true }, Cancellation, Space);
        KubeClient admin = scene.Server.Admin;
        await admin.CreateAsync(Manifest.Deployment(Space, "web", 1, ClusterScene.NodeName), Cancellation);
        await admin.CreateAsync(Manifest.StatefulSet(Space, "store", 1, ClusterScene.NodeName), Cancellation);
        await admin.CreateAsync(Manifest.DaemonSet(Space, "logs", ClusterScene.NodeName), Cancellation);
        JsonObject cron = await admin.CreateAsync(Manifest.CronJob(Space, "nightly", ClusterScene.NodeName), Cancellation);
        await admin.CreateAsync(Manifest.Job(Space, "nightly-1", ClusterScene.NodeName).OwnedBy(cron), Cancellation);
        await admin.CreateAsync(Manifest.Job(Space, "once", ClusterScene.NodeName), Cancellation);

        // The agent may not read this kind: its name is the reference's.
        JsonObject rollout = Manifest.Parse("example.org/v1alpha1", "Rollout", Space, "canary", """{"metadata":{"uid":"0e9a4b55-8a5f-4a3e-9d55-3f4f0f6e7a11"}}""");

        RunningPod web = await scene.RunPodAsync(Space, "web-", Cancellation, "10.244.0.2", "fd00:244::2");
        RunningPod host = await scene.StartPodAsync(Manifest.Pod(Space, "host", ClusterScene.NodeName, hostNetwork: true), Cancellation, ClusterScene.NodeAddress);
        (string Name, string Address, RunningPod Pod)[] servers =
        [
            ("StatefulSet shop/store", "10.244.0.3", await scene.RunPodAsync(Space, "store-", Cancellation, "10.244.0.3", "fd00:244::3")),
            ("DaemonSet shop/logs", "10.244.0.4", await scene.RunPodAsync(Space, "logs-", Cancellation, "10.244.0.4")),
            ("CronJob shop/nightly", "10.244.0.5", await scene.RunPodAsync(Space, "nightly-", Cancellation, "10.244.0.5")),
            ("Job shop/once", "10.244.0.6", await scene.RunPodAsync(Space, "once-", Cancellation, "10.244.0.6")),
            ("pod shop/bare", "10.244.0.7", await scene.StartPodAsync(Manifest.Pod(Space, "bare", ClusterScene.NodeName), Cancellation, "10.244.0.7")),
            ("Rollout shop/canary", "10.244.0.8", await scene.StartPodAsync(
                Manifest.Pod(Space, "canary-1", ClusterScene.NodeName).OwnedBy(rollout), Cancellation, "10.244.0.8")),
        ];
        RunningAgent agent = await scene.StartAgentAsync(Cancellation);

        Dictionary<NamedLink, long> expected = [];
        foreach ((string name, string address, RunningPod pod) in servers)
        {
            await pod.Traffic.ListenAsync("[::]", Cancellation, Port);
            await TalkAsync(web, "Deployment shop/web", name, address);
        }

        // By the other family, and from a pod that has the node's address: on its own node it is known all the same.
        await TalkAsync(web, "Deployment shop/web", "StatefulSet shop/store", "fd00:244::3");
        await TalkAsync(host, "pod shop/host", "pod shop/bare", "10.244.0.7");

        await ClusterScene.ExpectAsync(agent, Port, expected, Patience, Cancellation);

        async Task TalkAsync(RunningPod client, string clientName, string serverName, string address)
        {
            var here = new NamedLink(clientName, serverName, Port, 1);
            var there = new NamedLink(clientName, serverName, Port, 2);
            expected[here] = expected.GetValueOrDefault(here)
                + await ClusterScene.TalkAsync(client, "to-" + address, address, Port, Request, Response, Cancellation);
            expected[there] = expected.GetValueOrDefault(there) + Response;
        }
    }

    /// <summary>The line in the README of the original: names, namespaces, kinds, ids and port; only the bytes are ours.</summary>
    [ClusterFact]
    public async Task The_originals_example_comes_out_with_its_ids()
    {
        const string Demo = "demo-ng";
        const int DemoPort = 3550;
        await using ClusterScene scene = await ClusterScene.StartAsync(new ApiServerOptions { Controllers = true }, Cancellation, Demo);
        await scene.Server.Admin.CreateAsync(Manifest.Deployment(Demo, "checkoutservice", 1, ClusterScene.NodeName), Cancellation);
        await scene.Server.Admin.CreateAsync(Manifest.Deployment(Demo, "productcatalogservice", 1, ClusterScene.NodeName), Cancellation);
        JsonObject service = await scene.Server.Admin.CreateAsync(Manifest.Service(Demo, "productcatalogservice", DemoPort), Cancellation);
        string clusterAddress = (string)service["spec"]!["clusterIP"]!;
        RunningPod client = await scene.RunPodAsync(Demo, "checkoutservice-", Cancellation, "10.244.0.2");
        RunningPod server = await scene.RunPodAsync(Demo, "productcatalogservice-", Cancellation, "10.244.0.3");
        scene.Network.Translate(clusterAddress, "10.244.0.3", DemoPort);
        RunningAgent agent = await scene.StartAgentAsync(Cancellation);

        await server.Traffic.ListenAsync("10.244.0.3", Cancellation, DemoPort);
        long sent = await ClusterScene.TalkAsync(client, "one", clusterAddress, DemoPort, Request, Response, Cancellation);

        await ClusterScene.ExpectAsync(
            agent,
            DemoPort,
            new Dictionary<NamedLink, long>
            {
                [new NamedLink("Deployment demo-ng/checkoutservice", "Service demo-ng/productcatalogservice", DemoPort, 1)] = sent,
                [new NamedLink("Deployment demo-ng/checkoutservice", "Deployment demo-ng/productcatalogservice", DemoPort, 2)] = Response,
            },
            Patience,
            Cancellation);
        MetricsPage page = await agent.ScrapeAsync(Cancellation);
        Sample sample = page.Samples.Single(static one =>
            one.Name == "caretta_links_observed" && one.Label("server_port") == "3550" && one.Label("role") == "1");
        Assert.Equal(
            "caretta_links_observed{client_id=1074587981,client_kind=Deployment,client_name=checkoutservice,client_namespace=demo-ng,"
            + "link_id=198768460,role=1,server_id=1112713827,server_kind=Service,server_name=productcatalogservice,server_namespace=demo-ng,server_port=3550}",
            sample.ToString());
    }

    /// <summary>A service of several owners, translated connection by connection: each byte is under the workload that really got it.</summary>
    [ClusterFact]
    public async Task A_service_of_two_workloads_comes_out_as_the_one_that_answered()
    {
        const int Connections = 6;
        await using ClusterScene scene = await ClusterScene.StartAsync(new ApiServerOptions { Controllers = true }, Cancellation, Space);
        await scene.Server.Admin.CreateAsync(Manifest.Deployment(Space, "blue", 1, ClusterScene.NodeName), Cancellation);
        await scene.Server.Admin.CreateAsync(Manifest.Deployment(Space, "green", 1, ClusterScene.NodeName), Cancellation);
        JsonObject service = await scene.Server.Admin.CreateAsync(Manifest.Service(Space, "front", Port), Cancellation);
        string clusterAddress = (string)service["spec"]!["clusterIP"]!;
        RunningPod client = await scene.StartPodAsync(Manifest.Pod(Space, "client", ClusterScene.NodeName), Cancellation, "10.244.0.2");
        RunningPod blue = await scene.RunPodAsync(Space, "blue-", Cancellation, "10.244.0.3");
        RunningPod green = await scene.RunPodAsync(Space, "green-", Cancellation, "10.244.0.4");
        await blue.Traffic.ListenAsync("10.244.0.3", Cancellation, Port);
        await green.Traffic.ListenAsync("10.244.0.4", Cancellation, Port);
        scene.Network.Balance(clusterAddress, ("10.244.0.3", "10.244.0.4"), Port);
        RunningAgent agent = await scene.StartAgentAsync(Cancellation, port: 0, "--service-as", "workload");

        // In turn, and different amounts, so that no mixture adds up.
        long[] sent = new long[2], answered = new long[2];
        for (int i = 0; i < Connections; i++)
        {
            sent[i % 2] += await ClusterScene.TalkAsync(
                client, string.Create(CultureInfo.InvariantCulture, $"one-{i}"), clusterAddress, Port, Request << i, Response << i, Cancellation);
            answered[i % 2] += Response << i;
        }

        await ClusterScene.ExpectAsync(
            agent,
            Port,
            new Dictionary<NamedLink, long>
            {
                [new NamedLink("pod shop/client", "Deployment shop/blue", Port, 1)] = sent[0],
                [new NamedLink("pod shop/client", "Deployment shop/blue", Port, 2)] = answered[0],
                [new NamedLink("pod shop/client", "Deployment shop/green", Port, 1)] = sent[1],
                [new NamedLink("pod shop/client", "Deployment shop/green", Port, 2)] = answered[1],
            },
            Patience,
            Cancellation);
    }

    [ClusterFact]
    public async Task An_address_given_to_another_pod_takes_no_byte_along()
    {
        await using ClusterScene scene = await ClusterScene.StartAsync(new ApiServerOptions(), Cancellation, Space);
        RunningPod client = await scene.StartPodAsync(Manifest.Pod(Space, "client", ClusterScene.NodeName), Cancellation, "10.244.0.2");
        RunningAgent agent = await scene.StartAgentAsync(Cancellation);
        Dictionary<NamedLink, long> expected = [];
        for (int i = 0; i < 5; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"target-{i}");
            RunningPod target = await scene.StartPodAsync(Manifest.Pod(Space, name, ClusterScene.NodeName), Cancellation, "10.244.0.3");
            await target.Traffic.ListenAsync("10.244.0.3", Cancellation, Port);

            // Different amounts, so that no mixture adds up.
            long request = Request << i, response = Response << i;
            expected[new NamedLink("pod shop/client", "pod shop/" + name, Port, 1)] =
                await ClusterScene.TalkAsync(client, name, "10.244.0.3", Port, request, response, Cancellation);
            expected[new NamedLink("pod shop/client", "pod shop/" + name, Port, 2)] = response;
            await scene.Server.Admin.DeleteAsync(target.Path, Cancellation);
            await scene.StopAsync(target);
        }

        await ClusterScene.ExpectAsync(agent, Port, expected, Patience, Cancellation);
    }

    [ClusterFact]
    public async Task Faults_of_the_server_cost_no_byte_and_no_name()
    {
        await using ClusterScene scene = await ClusterScene.StartAsync(new ApiServerOptions(), Cancellation, Space);
        await using var relay = new TcpRelay(scene.Server.Port);
        RunningPod client = await scene.StartPodAsync(Manifest.Pod(Space, "client", ClusterScene.NodeName), Cancellation, "10.244.0.2");
        RunningPod steady = await scene.StartPodAsync(Manifest.Pod(Space, "steady", ClusterScene.NodeName), Cancellation, "10.244.0.3");
        await steady.Traffic.ListenAsync("10.244.0.3", Cancellation, Port);
        RunningAgent agent = await scene.StartAgentAsync(Cancellation, relay.Port);
        relay.CutEvery(TimeSpan.FromSeconds(2));

        Dictionary<NamedLink, long> expected = [];
        for (int i = 0; i < 6; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"target-{i}");
            string address = string.Create(CultureInfo.InvariantCulture, $"10.244.0.{10 + (i % 2)}");
            RunningPod target = await scene.StartPodAsync(Manifest.Pod(Space, name, ClusterScene.NodeName), Cancellation, address);
            await target.Traffic.ListenAsync(address, Cancellation, Port);
            await TalkAsync(name, "pod shop/" + name, address);
            switch (i % 3)
            {
                case 0:
                    await scene.Server.CompactAsync(Cancellation);
                    await scene.Server.KillAsync(Cancellation);
                    await TalkAsync($"{name}-down", "pod shop/steady", "10.244.0.3");
                    await scene.Server.StartAsync(Cancellation);
                    break;
                case 1:
                    await scene.Account.RotateAsync(Cancellation);
                    break;
                default:
                    relay.Cut();
                    break;
            }

            await ClusterScene.ExpectAsync(agent, Port, expected, Patience, Cancellation);
            await scene.Server.Admin.DeleteAsync(target.Path, Cancellation);
            await scene.StopAsync(target);
        }

        Assert.False(agent.HasExited, agent.Log);

        async Task TalkAsync(string connection, string server, string address)
        {
            var here = new NamedLink("pod shop/client", server, Port, 1);
            var there = new NamedLink("pod shop/client", server, Port, 2);
            expected[here] = expected.GetValueOrDefault(here)
                + await ClusterScene.TalkAsync(client, connection, address, Port, Request, Response, Cancellation);
            expected[there] = expected.GetValueOrDefault(there) + Response;
        }
    }

    [ClusterFact]
    public async Task Names_of_a_cluster_of_a_thousand_pods_are_there_within_a_second_of_the_start()
    {
        const int Pods = 1000;
        await using ClusterScene scene = await ClusterScene.StartAsync(new ApiServerOptions(), Cancellation, Space);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Pods),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancellation },
            async (i, cancellation) =>
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"crowd-{i}");
                await scene.Server.Admin.CreateAsync(Manifest.Pod(Space, name, "node-b"), cancellation);
                await scene.Server.Admin.SetPodStatusAsync(
                    KubePath.Pod(Space, name), "Running", cancellation, string.Create(CultureInfo.InvariantCulture, $"10.245.{i >> 8}.{i & 255}"));
            });
        RunningPod client = await scene.StartPodAsync(Manifest.Pod(Space, "client", ClusterScene.NodeName), Cancellation, "10.244.0.2");
        RunningPod server = await scene.StartPodAsync(Manifest.Pod(Space, "server", ClusterScene.NodeName), Cancellation, "10.244.0.3");
        await server.Traffic.ListenAsync("10.244.0.3", Cancellation, Port);
        await client.Traffic.AskAsync($"connect one v4 10.244.0.3:{Port}", Cancellation);

        long start = TimeProvider.System.GetTimestamp();
        RunningAgent agent = await scene.StartAgentAsync(Cancellation);
        await Eventually.GetAsync(
            "the link is named",
            Patience,
            async () =>
            {
                // What was sent before the agent adopted the connection makes no link.
                await client.Traffic.AskAsync("exchange one 1 1", Cancellation);
                return NamedLink.Of(await agent.ScrapeAsync(Cancellation), Port)
                    .ContainsKey(new NamedLink("pod shop/client", "pod shop/server", Port, 1).ToString()) ? agent : null;
            },
            Cancellation);
        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        TestContext.Current.TestOutputHelper!.WriteLine($"named after {took.TotalMilliseconds:f0} ms");
        Assert.True(took < TimeSpan.FromSeconds(1), $"named after {took}");
    }
}
