using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests.Agent;

/// <summary>What <c>caretta check</c> says of a real API server: whether it answers, and what it lets the agent read.</summary>
public sealed class CheckTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task Check_names_every_kind_that_is_denied_and_the_rule_that_is_missing()
    {
        await using ApiServer server = await ApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        JsonObject role = Manifest.AgentRole();
        using ServiceAccount account = await ServiceAccount.CreateAsync(server, role, Cancellation);

        JsonObject[] all = await CheckAsync(server.Port, account);
        Assert.Equal(["ok", "ok", "ok"], all.Select(static item => (string)item["state"]!));
        Assert.Equal($"https://127.0.0.1:{server.Port}/ (/var/run/secrets/kubernetes.io/serviceaccount)", (string)all[0]["found"]!);
        Assert.Equal("pods, services, nodes may be listed and watched", (string)all[1]["found"]!);
        Assert.Equal("replicasets, deployments, statefulsets, daemonsets, jobs, cronjobs, replicationcontrollers may be read", (string)all[2]["found"]!);

        // Without nodes, with services for a look only, and without what is in the group apps.
        role["rules"] = JsonNode.Parse("""
            [{"apiGroups":[""],"resources":["pods"],"verbs":["list","watch"]},
             {"apiGroups":[""],"resources":["services"],"verbs":["list"]},
             {"apiGroups":[""],"resources":["replicationcontrollers"],"verbs":["get"]},
             {"apiGroups":["batch"],"resources":["jobs","cronjobs"],"verbs":["get"]}]
            """);
        await server.Admin.PatchAsync("/apis/rbac.authorization.k8s.io/v1/clusterroles/caretta", role.DeepClone().AsObject(), Cancellation);
        JsonObject[] less = await Eventually.GetAsync(
            "the server knows its new rule",
            TimeSpan.FromSeconds(20),
            async () => await CheckAsync(server.Port, account) is var items && (string)items[1]["state"]! == "warning" ? items : null,
            Cancellation);
        Assert.Equal("not allowed, or not there: services (watch), nodes (list, watch); names will lack them", (string)less[1]["found"]!);
        Assert.Equal(
            "the agent's ClusterRole needs apiGroups: [\"\"], resources: [\"services\"], verbs: [\"watch\"]; "
            + "apiGroups: [\"\"], resources: [\"nodes\"], verbs: [\"list\", \"watch\"]",
            (string)less[1]["remedy"]!);
        Assert.StartsWith(
            "not allowed, or not there: replicasets (get), deployments (get), statefulsets (get), daemonsets (get); ", (string)less[2]["found"]!, StringComparison.Ordinal);

        await server.KillAsync(Cancellation);
        JsonObject away = Assert.Single(await CheckAsync(server.Port, account));
        Assert.Equal("warning", (string)away["state"]!);
        Assert.Contains("Connection refused", (string)away["found"]!, StringComparison.Ordinal);
    }

    // The items about the cluster.
    private static async Task<JsonObject[]> CheckAsync(int port, ServiceAccount account)
    {
        string[] launcher = account.Launcher;
        await using var check = new ChildProcess(
            launcher[0], [.. launcher[1..], Repository.Artifact("caretta"), "check", "--json"], environment: ServiceAccount.EnvironmentFor(port));
        int code = await check.WaitAsync(Cancellation);
        Assert.True(code == 0, check.Log);
        JsonObject report = JsonNode.Parse(check.Log)!.AsObject();
        return [.. report["items"]!.AsArray().Select(static item => item!.AsObject())
            .Where(static item => (string)item["name"]! is "cluster" or "cluster names" or "owners")];
    }
}
