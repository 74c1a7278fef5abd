using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests;

/// <summary>The ground that the other tests stand on: a real API server does what a cluster's does.</summary>
public sealed class ApiServerTests
{
    private const string Space = "shop";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task A_deployment_becomes_pods_that_the_agents_account_can_see_and_follow()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions { Controllers = true }, Cancellation);
        await server.Admin.CreateAsync(Manifest.Namespace(Space), Cancellation);
        await server.Admin.CreateAsync(Manifest.Node("node-a", "192.0.2.1"), Cancellation);
        await server.Admin.CreateAsync(Manifest.Deployment(Space, "web", 2, "node-a"), Cancellation);
        using ServiceAccount account = await ServiceAccount.CreateAsync(server, Manifest.AgentRole(), Cancellation);

        IReadOnlyList<JsonObject> pods = await Eventually.GetAsync(
            "the controllers made two pods",
            Patience,
            async () => await account.Client.ListAsync(KubePath.Pods(), Cancellation) is { Count: 2 } both ? both : null,
            Cancellation);

        string path = KubePath.Pod(Space, (string)pods[0]["metadata"]!["name"]!);
        await server.Admin.SetPodStatusAsync(path, "Running", Cancellation, "10.244.0.7", "fd00:244::7");
        JsonObject pod = (await account.Client.ListAsync(KubePath.Pods(), Cancellation))
            .Single(one => (string)one["metadata"]!["name"]! == (string)pods[0]["metadata"]!["name"]!);
        Assert.Equal("10.244.0.7", (string?)pod["status"]!["podIP"]);
        Assert.Equal("fd00:244::7", (string?)pod["status"]!["podIPs"]![1]!["ip"]);

        JsonNode owner = pod["metadata"]!["ownerReferences"]![0]!;
        Assert.Equal("ReplicaSet", (string?)owner["kind"]);
        JsonObject set = await account.Client.GetAsync(KubePath.Of("apps/v1", "ReplicaSet", Space, (string)owner["name"]!), Cancellation);
        Assert.Equal("Deployment", (string?)set["metadata"]!["ownerReferences"]![0]!["kind"]);
        Assert.Equal("web", (string?)set["metadata"]!["ownerReferences"]![0]!["name"]);
    }

    [ClusterFact]
    public async Task An_account_may_do_what_its_role_says_and_nothing_else()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        using ServiceAccount account = await ServiceAccount.CreateAsync(server, role: null, Cancellation);
        await ExpectRefusalAsync(403, () => account.Client.ListAsync(KubePath.Pods(), Cancellation));

        await server.Admin.CreateAsync(Manifest.AgentRole(), Cancellation);
        await server.Admin.CreateAsync(Manifest.Binding("caretta", ServiceAccount.Space, ServiceAccount.Name), Cancellation);
        await Eventually.GetAsync(
            "the binding is in force",
            Patience,
            async () =>
            {
                try
                {
                    return await account.Client.ListAsync(KubePath.Pods(), Cancellation);
                }
                catch (KubeException e) when (e.Code == 403)
                {
                    return null;
                }
            },
            Cancellation);
        await ExpectRefusalAsync(403, () => account.Client.ListAsync(KubePath.Of("v1", "Secret", null, null), Cancellation));
        await ExpectRefusalAsync(403, () => account.Client.CreateAsync(Manifest.Pod(Space, "one", "node-a"), Cancellation));
    }

    [ClusterFact]
    public async Task A_rotated_token_works_and_the_old_one_ends()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        using ServiceAccount account = await ServiceAccount.CreateAsync(server, Manifest.AgentRole(), Cancellation);
        string old = account.ReadToken();
        await account.RotateAsync(Cancellation);
        Assert.NotEqual(old, account.ReadToken());
        await account.Client.ListAsync(KubePath.Pods(), Cancellation);

        using var holder = new KubeClient(server.Endpoint, server.Authority, () => old);
        await Eventually.GetAsync(
            "the old token is refused",
            Patience,
            async () =>
            {
                try
                {
                    await holder.ListAsync(KubePath.Pods(), Cancellation);
                    return null;
                }
                catch (KubeException e) when (e.Code == 401)
                {
                    return e;
                }
            },
            Cancellation);
    }

    [ClusterFact]
    public async Task Killed_and_restarted_it_has_the_same_data_and_refuses_old_versions()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        await server.Admin.CreateAsync(Manifest.Namespace(Space), Cancellation);
        JsonObject first = await server.Admin.CreateAsync(Manifest.Pod(Space, "one", "node-a"), Cancellation);
        await server.Admin.SetPodStatusAsync(KubePath.Pod(Space, "one"), "Running", Cancellation, "10.244.0.1");

        await server.KillAsync(Cancellation);
        await server.StartAsync(Cancellation);

        JsonObject pod = Assert.Single(await server.Admin.ListAsync(KubePath.Pods(Space), Cancellation));
        Assert.Equal((string?)first["metadata"]!["uid"], (string?)pod["metadata"]!["uid"]);
        string old = (string)first["metadata"]!["resourceVersion"]!;
        await ExpectRefusalAsync(410, () => FirstEventAsync(server.Admin, old));
    }

    [ClusterFact]
    public async Task A_compacted_store_ends_watches_from_before()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions { WatchCache = false }, Cancellation);
        await server.Admin.CreateAsync(Manifest.Namespace(Space), Cancellation);
        JsonObject first = await server.Admin.CreateAsync(Manifest.Pod(Space, "one", "node-a"), Cancellation);
        string old = (string)first["metadata"]!["resourceVersion"]!;
        await server.Admin.SetPodStatusAsync(KubePath.Pod(Space, "one"), "Running", Cancellation, "10.244.0.1");
        (string type, JsonObject pod) = await FirstEventAsync(server.Admin, old);
        Assert.Equal("MODIFIED", type);
        Assert.Equal("10.244.0.1", (string?)pod["status"]!["podIP"]);

        // What follows the old version must be gone too: a store that still has the next event, but not what was before it, answers 500.
        await server.Admin.SetPodStatusAsync(KubePath.Pod(Space, "one"), "Running", Cancellation, "10.244.0.2");
        await server.Admin.SetPodStatusAsync(KubePath.Pod(Space, "one"), "Running", Cancellation, "10.244.0.3");
        await server.CompactAsync(Cancellation);

        await ExpectRefusalAsync(410, () => FirstEventAsync(server.Admin, old));
    }

    [ClusterFact]
    public async Task Owners_of_every_kind_get_pods()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions { Controllers = true }, Cancellation);
        KubeClient admin = server.Admin;
        await admin.CreateAsync(Manifest.Namespace(Space), Cancellation);
        await admin.CreateAsync(Manifest.Node("node-a", "192.0.2.1"), Cancellation);
        await admin.CreateAsync(Manifest.DaemonSet(Space, "logs", "node-a"), Cancellation);
        await admin.CreateAsync(Manifest.StatefulSet(Space, "store", 1, "node-a"), Cancellation);
        JsonObject cron = await admin.CreateAsync(Manifest.CronJob(Space, "nightly", "node-a"), Cancellation);
        await admin.CreateAsync(Manifest.Job(Space, "nightly-1", "node-a").OwnedBy(cron), Cancellation);
        await admin.CreateAsync(Manifest.Pod(Space, "bare", "node-a"), Cancellation);

        // An object of a kind that an operator brought.
        await admin.CreateAsync(Manifest.CustomKind("example.org", "Rollout"), Cancellation);
        JsonObject rollout = await Eventually.GetAsync(
            "the kind is served",
            Patience,
            async () =>
            {
                try
                {
                    return await admin.CreateAsync(Manifest.Parse("example.org/v1alpha1", "Rollout", Space, "canary"), Cancellation);
                }
                catch (KubeException e) when (e.Code == 404)
                {
                    return null;
                }
            },
            Cancellation);
        await admin.CreateAsync(Manifest.Pod(Space, "canary-1", "node-a").OwnedBy(rollout), Cancellation);

        string[] expected = ["DaemonSet logs", "Job nightly-1", "Rollout canary", "StatefulSet store", "none"];
        await Eventually.GetAsync(
            $"pods of {string.Join(", ", expected)}",
            Patience,
            async () =>
            {
                IEnumerable<string> owners = (await admin.ListAsync(KubePath.Pods(Space), Cancellation)).Select(static pod =>
                    pod["metadata"]!["ownerReferences"] is { } owner ? $"{owner[0]!["kind"]} {owner[0]!["name"]}" : "none");
                return owners.Order(StringComparer.Ordinal).SequenceEqual(expected) ? expected : null;
            },
            Cancellation);
    }

    [ClusterFact]
    public async Task A_launched_program_finds_the_account_where_a_pod_would()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        using ServiceAccount account = await ServiceAccount.CreateAsync(server, Manifest.AgentRole(), Cancellation);
        const string Mounted = "/var/run/secrets/kubernetes.io/serviceaccount";
        await using var reader = new ChildProcess(
            account.Launcher[0],
            [.. account.Launcher.Skip(1), "sh", "-c", $"cat {Mounted}/namespace; echo; cat {Mounted}/token; echo; echo $KUBERNETES_SERVICE_PORT"],
            environment: ServiceAccount.EnvironmentFor(server.Port));
        Assert.Equal(0, await reader.WaitAsync(Cancellation));
        Assert.Equal(
            $"{ServiceAccount.Space}\n{account.ReadToken()}\n{server.Port}",
            reader.Log.ReplaceLineEndings("\n").Trim());
    }

    private static async Task<(string Type, JsonObject Object)> FirstEventAsync(KubeClient client, string resourceVersion)
    {
        await foreach ((string, JsonObject) one in client.WatchAsync(KubePath.Pods(Space), resourceVersion, Cancellation))
        {
            return one;
        }

        throw new InvalidOperationException("the watch ended without an event");
    }

    private static async Task ExpectRefusalAsync<T>(int code, Func<Task<T>> ask)
    {
        KubeException refusal = await Assert.ThrowsAsync<KubeException>(ask);
        Assert.Equal(code, refusal.Code);
    }
}
