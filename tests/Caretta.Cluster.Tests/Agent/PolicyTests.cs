using System.Globalization;
using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests.Agent;

/// <summary>
/// Network policies from a real agent that saw real traffic, applied to a real API server: they allow what happened, and nothing that did
/// not, judged by <see cref="PolicyChecker"/>.
/// </summary>
public sealed class PolicyTests
{
    private const string Space = "shop";
    private const int Port = 7031;
    private const string Outside = "198.51.100.9";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task Policies_allow_all_that_was_seen_and_nothing_else()
    {
        await using ClusterScene scene = await ClusterScene.StartAsync(new ApiServerOptions { Controllers = true }, Cancellation, Space, "data");
        KubeClient admin = scene.Server.Admin;
        JsonObject front = Manifest.Deployment(Space, "web", 1, ClusterScene.NodeName);
        front["spec"]!["selector"]!["matchExpressions"] = JsonNode.Parse("""[{"key":"stable","operator":"In","values":["true","1e3"]}]""");
        front["spec"]!["template"]!["metadata"]!["labels"]!["stable"] = "true";
        await admin.CreateAsync(front, Cancellation);
        await admin.CreateAsync(Manifest.StatefulSet("data", "db", 1, ClusterScene.NodeName), Cancellation);
        await admin.CreateAsync(Manifest.DaemonSet(Space, "logs", ClusterScene.NodeName), Cancellation);
        JsonObject bare = Manifest.Pod(Space, "bare", ClusterScene.NodeName);
        bare["metadata"]!["labels"] = new JsonObject { ["app"] = "bare", ["level"] = "null" };

        RunningPod web = await scene.RunPodAsync(Space, "web-", Cancellation, "10.244.0.2", "fd00:244::2");
        RunningPod db = await scene.RunPodAsync("data", "db-", Cancellation, "10.244.0.3", "fd00:244::3");
        RunningPod logs = await scene.RunPodAsync(Space, "logs-", Cancellation, "10.244.0.4");
        RunningPod bareRuns = await scene.StartPodAsync(bare, Cancellation, "10.244.0.5");
        scene.Network.AddHostAddress(Outside);
        RunningAgent agent = await scene.StartAgentAsync(Cancellation);
        foreach (RunningPod server in (RunningPod[])[web, db, logs, bareRuns])
        {
            await server.Traffic.ListenAsync("[::]", Cancellation, Port);
        }

        await ClusterScene.TalkAsync(web, "one", "10.244.0.3", Port, 10, 20, Cancellation);
        await ClusterScene.TalkAsync(web, "two", "fd00:244::3", Port, 10, 20, Cancellation);
        await ClusterScene.TalkAsync(bareRuns, "three", "10.244.0.2", Port, 10, 20, Cancellation);
        await ClusterScene.TalkAsync(logs, "four", "10.244.0.5", Port, 10, 20, Cancellation);
        string[] wanted = ["Deployment shop/web>StatefulSet data/db", "pod shop/bare>Deployment shop/web", "DaemonSet shop/logs>pod shop/bare"];
        await ExpectLinksAsync(agent, wanted);

        string yaml = await MapAsync(agent, 0, "--format", "networkpolicy");
        List<JsonObject> policies = YamlDocuments.Parse(yaml);
        Assert.Equal(["data", "shop", "shop", "shop"], policies.Select(static policy => (string)policy["metadata"]!["namespace"]!).Order());
        List<JsonObject> applied = await ApplyAsync(admin, policies);
        var checker = new PolicyChecker(applied);
        Dictionary<string, PolicyPeerPod> pods = [];
        foreach (string space in (string[])[Space, "data"])
        {
            foreach (JsonObject pod in await admin.ListAsync(KubePath.Pods(space), Cancellation))
            {
                string name = ((string)pod["metadata"]!["name"]!).Split('-')[0];
                pods[name] = PolicyPeerPod.Pod(
                    space, (string)pod["status"]!["podIP"]!,
                    [.. (pod["metadata"]!["labels"]?.AsObject() ?? []).Select(static label => (label.Key, (string)label.Value!))]);
            }
        }

        (string Client, string Server)[] seen = [("web", "db"), ("bare", "web"), ("logs", "bare")];
        foreach (string client in pods.Keys)
        {
            foreach (string server in pods.Keys)
            {
                Assert.True(
                    seen.Contains((client, server)) == checker.Allows(pods[client], pods[server], Port), $"{client} to {server}\n{yaml}");
                Assert.False(checker.Allows(pods[client], pods[server], Port + 1), $"{client} to {server}, another port\n{yaml}");
            }

            // Others with the same labels elsewhere, addresses outside, and UDP.
            PolicyPeerPod twin = pods[client] with { Space = "elsewhere" };
            Assert.All(seen, link => Assert.False(checker.Allows(twin, pods[link.Server], Port), yaml));
            Assert.False(checker.Allows(pods[client], PolicyPeerPod.Outside(Outside), Port), yaml);
            Assert.False(checker.Allows(PolicyPeerPod.Outside(Outside), pods[client], Port), yaml);
            Assert.All(seen, link => Assert.False(checker.Allows(pods[link.Client], pods[link.Server], Port, "UDP"), yaml));
            Assert.True(checker.Allows(pods[client], PolicyPeerPod.Pod("kube-system", "10.244.0.53", ("k8s-app", "kube-dns")), 53, "UDP"), yaml);
        }

        // One namespace alone, and what is refused.
        List<JsonObject> data = YamlDocuments.Parse(await MapAsync(agent, 0, "--format", "networkpolicy", "--namespace", "data"));
        Assert.Equal("data", (string)Assert.Single(data)["metadata"]!["namespace"]!);
        Assert.Contains("no store", await MapAsync(agent, 1, "--format", "networkpolicy", "--scope", "cluster"), StringComparison.Ordinal);
    }

    /// <summary>A policy is judged behind a service's address, so it must say what is there: pods, their nodes, or what somebody wrote.</summary>
    [ClusterFact]
    public async Task Policies_allow_what_is_behind_services()
    {
        // The server's own version of endpoint slices makes way for the one that clusters have.
        var options = new ApiServerOptions { Controllers = true, Flags = ["--runtime-config", "discovery.k8s.io/v1beta1=false"] };
        await using ClusterScene scene = await ClusterScene.StartAsync(options, Cancellation, Space, "data");
        KubeClient admin = scene.Server.Admin;
        await admin.CreateAsync(Manifest.EndpointSliceKind(), Cancellation);
        await Eventually.GetAsync(
            "the server serves endpoint slices", Patience, () => admin.TryReadTextAsync("/apis/discovery.k8s.io/v1/endpointslices", Cancellation), Cancellation);
        await admin.CreateAsync(Manifest.Deployment(Space, "web", 1, ClusterScene.NodeName), Cancellation);
        await admin.CreateAsync(Manifest.StatefulSet("data", "db", 1, ClusterScene.NodeName), Cancellation);
        JsonObject exporter = Manifest.Pod("data", "exporter", ClusterScene.NodeName, hostNetwork: true);
        exporter["metadata"]!["labels"] = new JsonObject { ["app"] = "exporter" };
        exporter["spec"]!["containers"]![0]!["ports"] = JsonNode.Parse($$"""[{"name":"metrics","containerPort":{{Port}},"hostPort":{{Port}}}]""");
        JsonObject exporterService = Manifest.Service("data", "exporter", Port);
        exporterService["spec"]!["ports"]![0]!["targetPort"] = "metrics";
        await admin.CreateAsync(Manifest.EndpointSlice("data", "legacy", Port, Outside), Cancellation);
        await admin.CreateAsync(Manifest.EndpointSlice("data", "leader", Port, "10.244.0.3"), Cancellation);

        RunningPod web = await scene.RunPodAsync(Space, "web-", Cancellation, "10.244.0.2");
        RunningPod db = await scene.RunPodAsync("data", "db-", Cancellation, "10.244.0.3");
        RunningPod node = await scene.StartPodAsync(exporter, Cancellation, ClusterScene.NodeAddress);
        scene.Network.AddHostAddress(Outside);
        await db.Traffic.ListenAsync("10.244.0.3", Cancellation, Port);
        await node.Traffic.ListenAsync("0.0.0.0", Cancellation, Port);
        (JsonObject Service, string Behind)[] services =
        [
            (Manifest.Service("data", "db", Port), "10.244.0.3"),
            (exporterService, ClusterScene.NodeAddress),
            (Manifest.ServiceWithoutSelector("data", "legacy", Port), Outside),
            (Manifest.ServiceWithoutSelector("data", "leader", Port), "10.244.0.3"),
        ];

        // Each service is used before the agent can know of it.
        RunningAgent agent = await scene.StartAgentAsync(Cancellation);
        List<string> wanted = [];
        foreach ((JsonObject service, string behind) in services)
        {
            JsonObject created = await admin.CreateAsync(service, Cancellation);
            string name = (string)created["metadata"]!["name"]!;
            string address = (string)created["spec"]!["clusterIP"]!;
            scene.Network.Translate(address, behind, Port);
            await ClusterScene.TalkAsync(web, name, address, Port, 10, 20, Cancellation);
            wanted.Add($"Deployment shop/web>Service data/{name}");
        }

        await ExpectLinksAsync(agent, wanted);
        string yaml = await MapAsync(agent, 0, "--format", "networkpolicy");
        List<JsonObject> applied = await ApplyAsync(admin, YamlDocuments.Parse(yaml));
        var checker = new PolicyChecker(applied);
        PolicyPeerPod webPod = PolicyPeerPod.Pod(Space, "10.244.0.2", ("app", "web"));
        PolicyPeerPod dbPod = PolicyPeerPod.Pod("data", "10.244.0.3", ("app", "db"));
        Assert.True(checker.Allows(webPod, dbPod, Port), yaml);
        Assert.True(checker.Allows(webPod, PolicyPeerPod.Outside(ClusterScene.NodeAddress), Port), yaml);
        Assert.True(checker.Allows(webPod, PolicyPeerPod.Outside(Outside), Port), yaml);
        Assert.False(checker.Allows(webPod, PolicyPeerPod.Outside("198.51.100.10"), Port), yaml);
        Assert.False(checker.Allows(webPod, PolicyPeerPod.Outside(Outside), Port + 1), yaml);
        Assert.False(checker.Allows(dbPod, PolicyPeerPod.Outside(Outside), Port), yaml);
        Assert.DoesNotContain("was seen and is not allowed", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("could not be read", yaml, StringComparison.Ordinal);
    }

    // What the server keeps is what was sent: nothing was a member that it does not know, or of another type.
    private static async Task<List<JsonObject>> ApplyAsync(KubeClient admin, List<JsonObject> policies)
    {
        List<JsonObject> applied = [];
        foreach (JsonObject sent in policies)
        {
            string space = (string)sent["metadata"]!["namespace"]!;
            JsonObject kept = await admin.PostAsync($"/apis/networking.k8s.io/v1/namespaces/{space}/networkpolicies", sent, Cancellation);
            Assert.True(JsonNode.DeepEquals(sent["spec"]!["podSelector"], kept["spec"]!["podSelector"]), $"{sent}\n{kept}");
            Assert.True(JsonNode.DeepEquals(Rules(sent, "ingress"), Rules(kept, "ingress")), $"{sent}\n{kept}");
            Assert.True(JsonNode.DeepEquals(Rules(sent, "egress"), Rules(kept, "egress")), $"{sent}\n{kept}");
            applied.Add(kept);
        }

        return applied;
    }

    private static async Task ExpectLinksAsync(RunningAgent agent, IEnumerable<string> wanted)
    {
        List<string> links = [];
        try
        {
            await Eventually.GetAsync(
                "the agent has seen everything",
                Patience,
                async () =>
                {
                    links = await LinksAsync(agent);
                    return wanted.All(links.Contains) ? links : null;
                },
                Cancellation);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}: {string.Join(", ", wanted)}\nbut {string.Join(", ", links)}\n{agent.Log}", e);
        }
    }

    // An empty list is the same as none. Through text, so that numbers are numbers of one type.
    private static JsonNode Rules(JsonObject policy, string direction) => JsonNode.Parse((policy["spec"]![direction] ?? new JsonArray()).ToJsonString())!;

    private static async Task<List<string>> LinksAsync(RunningAgent agent)
    {
        JsonNode map = JsonNode.Parse(await MapAsync(agent, 0, "--format", "json", "--system"))!;
        return [.. map["links"]!.AsArray().Select(link => $"{Name(link!["client"]!)}>{Name(link!["server"]!)}")];

        string Name(JsonNode index)
        {
            JsonNode node = map["nodes"]![(int)index]!;
            return $"{node["kind"]} {node["namespace"]}/{node["name"]}";
        }
    }

    // What the command writes, or its complaint.
    private static async Task<string> MapAsync(RunningAgent agent, int code, params string[] flags)
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{agent.Port}");
        (int ended, string text, string remarks) = await MapCommand.RunAsync([address, .. flags], Cancellation);
        Assert.True(ended == code, $"{ended}: {text}{remarks}\n{agent.Log}");
        return code == 0 ? text : remarks;
    }
}
