using System.Globalization;
using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests;

/// <summary>Pods of the API server that live on this machine: addresses, control groups and real TCP between them.</summary>
public sealed class RunningPodTests
{
    private const string Space = "shop";
    private const int Port = 7000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task Pods_talk_directly_and_through_a_service_in_both_families()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        await server.Admin.CreateAsync(Manifest.Namespace(Space), Cancellation);
        await server.Admin.CreateAsync(Manifest.Node("node-a", "192.0.2.1"), Cancellation);
        using var network = new NodeNetwork();
        network.AddHostAddress("192.0.2.1");
        await using RunningPod client = await StartAsync(server, network, "client", false, "10.244.0.2", "fd00:244::2");
        await using RunningPod target = await StartAsync(server, network, "target", false, "10.244.0.3", "fd00:244::3");
        await using RunningPod agent = await StartAsync(server, network, "agent", true, "192.0.2.1");

        JsonObject service = await server.Admin.CreateAsync(Manifest.Service(Space, "target", Port), Cancellation);
        string clusterAddress = (string)service["spec"]!["clusterIP"]!;
        network.Translate(clusterAddress, "10.244.0.3", Port);
        network.Translate("fd00:96::10", "fd00:244::3", Port);

        await target.Traffic.ListenAsync("[::]", Cancellation, Port);
        await client.Traffic.AskAsync($"connect direct v4 10.244.0.3:{Port}", Cancellation);
        await client.Traffic.AskAsync($"connect direct6 v6 [fd00:244::3]:{Port}", Cancellation);
        await client.Traffic.AskAsync($"connect service v4 {clusterAddress}:{Port}", Cancellation);
        await client.Traffic.AskAsync($"connect service6 v6 [fd00:96::10]:{Port}", Cancellation);
        await agent.Traffic.AskAsync($"connect host v4 10.244.0.3:{Port}", Cancellation);
        foreach (string connection in (string[])["direct", "direct6", "service", "service6"])
        {
            await client.Traffic.AskAsync($"exchange {connection} 100 1000", Cancellation);
        }

        await agent.Traffic.AskAsync("exchange host 100 1000", Cancellation);

        JsonObject pod = await server.Admin.GetAsync(target.Path, Cancellation);
        Assert.Equal("fd00:244::3", (string?)pod["status"]!["podIPs"]![1]!["ip"]);
        Assert.Equal($"0::{client.CgroupPath}", CgroupOf(client.Traffic.Id));
        string uid = (string)client.Pod["metadata"]!["uid"]!;
        Assert.Contains($"-pod{uid.Replace('-', '_')}.slice/cri-containerd-", client.CgroupPath, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task An_address_moves_to_another_pod()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        await server.Admin.CreateAsync(Manifest.Namespace(Space), Cancellation);
        using var network = new NodeNetwork();
        await using RunningPod client = await StartAsync(server, network, "client", false, "10.244.0.2");
        foreach (string name in (string[])["first", "second"])
        {
            await using RunningPod target = await StartAsync(server, network, name, false, "10.244.0.3");
            await target.Traffic.ListenAsync("10.244.0.3", Cancellation, Port);
            await client.Traffic.AskAsync($"connect {name} v4 10.244.0.3:{Port}", Cancellation);
            await client.Traffic.AskAsync($"exchange {name} 10 20", Cancellation);
            await client.Traffic.AskAsync($"close {name} fin", Cancellation);
            await server.Admin.DeleteAsync(target.Path, Cancellation);
        }

        Assert.Single(await server.Admin.ListAsync(KubePath.Pods(Space), Cancellation));
    }

    [Theory]
    [InlineData(CgroupLayout.SystemdContainerd)]
    [InlineData(CgroupLayout.SystemdCrio)]
    [InlineData(CgroupLayout.SystemdDocker)]
    [InlineData(CgroupLayout.Cgroupfs)]
    internal async Task A_control_group_holds_a_process_and_goes_with_the_test(CgroupLayout layout)
    {
        PodCgroup group = PodCgroup.Create(Guid.NewGuid().ToString(), new string('a', 64), layout);
        await using (TrafficProcess traffic = TrafficProcess.Start())
        {
            group.Adopt(traffic.Id);
            Assert.Equal($"0::{group.Path}", CgroupOf(traffic.Id));
        }

        group.Dispose();
        Assert.False(Directory.Exists(RootCgroup.Mount + group.Path));
    }

    [ClusterFact]
    public async Task A_relay_cuts_and_silences_connections_to_the_server()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        await using var relay = new TcpRelay(server.Port);
        string token = server.AdminToken;
        using var client = new KubeClient(new Uri($"https://127.0.0.1:{relay.Port}"), server.Authority, () => token);
        await client.ListAsync(KubePath.Pods(), Cancellation);
        int before = relay.Accepted;
        relay.Cut();
        await Eventually.GetAsync(
            "a new connection works", TimeSpan.FromSeconds(10), () => client.TryReadTextAsync("/readyz", Cancellation), Cancellation);
        Assert.True(relay.Accepted > before);

        relay.Silence();
        Task<string?> waiting = client.TryReadTextAsync("/readyz", Cancellation);
        await Assert.ThrowsAsync<TimeoutException>(() => waiting.WaitAsync(TimeSpan.FromMilliseconds(300), Cancellation));
        relay.Resume();
        Assert.Equal("ok", await waiting);
    }

    private static async Task<RunningPod> StartAsync(ApiServer server, NodeNetwork network, string name, bool hostNetwork, params string[] addresses)
    {
        JsonObject pod = await server.Admin.CreateAsync(Manifest.Pod(Space, name, "node-a", hostNetwork), Cancellation);
        return await RunningPod.StartAsync(server.Admin, network, pod, Cancellation, addresses);
    }

    private static string? CgroupOf(int processId) => File
        .ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/cgroup"))
        .FirstOrDefault(static line => line.StartsWith("0::", StringComparison.Ordinal));
}
