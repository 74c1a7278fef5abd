using System.Text.Json.Nodes;

using Caretta.Chart.Tests.Support;
using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>Install, upgrade and uninstall, as users type them, on a real API server with its controllers.</summary>
public sealed class LifecycleTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task Uninstall_leaves_nothing()
    {
        await using ApiServer server = await StartAsync();

        // The server's own come soon after it is ready.
        IReadOnlyCollection<string> before = await Eventually.GetAsync(
            "the server has made its own objects",
            Patience,
            async () => await ObjectsAsync(server) is { } objects && objects.Contains("services default/kubernetes") && objects.Contains("namespaces /default") ? objects : null,
            Cancellation);

        string notes = await HelmAsync(server, "install", "caretta", "--namespace", "caretta", "--create-namespace", Helm.Chart);
        Assert.Contains("kubectl port-forward --namespace caretta <grafana-pod> 3000:3000\n", notes, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper!.WriteLine(notes);
        await Eventually.GetAsync(
            "controllers have made pods",
            Patience,
            async () => (await ObjectsAsync(server)).Count(static one => one.StartsWith("pods ", StringComparison.Ordinal)) >= 2 ? "" : null,
            Cancellation);
        Assert.Contains("daemonsets caretta/caretta", await ObjectsAsync(server));
        await HelmAsync(server, "delete", "caretta", "--namespace", "caretta");

        string[] left = [];
        try
        {
            await Eventually.GetAsync(
                "nothing is left",
                Patience,
                async () => (left = [.. (await ObjectsAsync(server)).Except(before)]) is ["namespaces /caretta"] ? left : null,
                Cancellation);
        }
        catch (TimeoutException)
        {
            Assert.Fail(string.Join('\n', left));
        }
    }

    [ClusterFact]
    public async Task An_agent_in_place_of_the_original_takes_its_release_over()
    {
        await using ApiServer server = await StartAsync();
        string tests = Path.Combine(Repository.Root, "tests", "Caretta.Chart.Tests");
        await HelmAsync(server, "install", "caretta", "--namespace", "caretta", "--create-namespace", Path.Combine(tests, "Original"));

        // Names that existing values keep; objects of other names would be new ones.
        await HelmAsync(
            server, "upgrade", "caretta", "--namespace", "caretta", Helm.Chart,
            "--set", "pollIntervalSeconds=15,enableDnsResolving=false,securityContext.privileged=true,securityContext.readOnlyRootFilesystem=true",
            "--set", "victoria-metrics-single.server.persistentVolume.enabled=false,grafana.adminPassword=mine,rbac.pspEnabled=true");

        JsonObject daemonSet = await server.Admin.GetAsync(KubePath.Of("apps/v1", "DaemonSet", "caretta", "caretta"), Cancellation);
        JsonNode pod = daemonSet.At("spec/template/spec")!;
        Assert.Equal("cgroup", (string?)pod["volumes"]!.AsArray().Single()!["name"]);
        Assert.True((bool)pod.At("containers/0/securityContext/privileged")!);
        Assert.StartsWith("localhost/caretta:", (string)pod.At("containers/0/image")!, StringComparison.Ordinal);
        JsonObject grafana = await server.Admin.GetAsync(KubePath.Of("apps/v1", "Deployment", "caretta", "caretta-grafana"), Cancellation);
        Assert.Equal("""{"type":"Recreate"}""", grafana.At("spec/strategy")!.ToJsonString());
        JsonObject role = await server.Admin.GetAsync(KubePath.Of("rbac.authorization.k8s.io/v1", "ClusterRole", null, "caretta"), Cancellation);
        Assert.DoesNotContain("configmaps", role["rules"]!.ToJsonString(), StringComparison.Ordinal);

        await HelmAsync(server, "rollback", "caretta", "1", "--namespace", "caretta");
    }

    /// <summary>Every kind that the chart can make, with values that make it, is one that the server takes.</summary>
    [ClusterFact]
    public async Task The_server_takes_what_other_values_make()
    {
        await using ApiServer server = await StartAsync();
        string values = Path.Combine(Repository.Root, "tests", "Caretta.Chart.Tests", "Values", "all.yaml");

        await HelmAsync(
            server, "install", "caretta", "--namespace", "caretta", "--create-namespace", Helm.Chart, "--values", values,
            "--set", "serviceMonitor.enabled=false");
    }

    private static Task<ApiServer> StartAsync() =>
        ApiServer.StartAsync(new ApiServerOptions { Controllers = true, Flags = ["--allow-privileged=true"] }, Cancellation);

    private static Task<string> HelmAsync(ApiServer server, params string[] arguments) =>
        Helm.ExpectAsync(Cancellation, [.. arguments, "--kubeconfig", server.AdminKubeconfig]);

    // Everything that can be listed, as "RESOURCE NAMESPACE/NAME", but for what merely tells of the others.
    private static async Task<IReadOnlyCollection<string>> ObjectsAsync(ApiServer server)
    {
        SortedSet<string> objects = new(StringComparer.Ordinal);
        List<string> roots = ["/api/v1"];
        JsonObject groups = await server.Admin.GetAsync("/apis", Cancellation);
        roots.AddRange(groups["groups"]!.AsArray().Select(static group => $"/apis/{group.At("preferredVersion/groupVersion")}"));
        foreach (string root in roots)
        {
            foreach (JsonNode? resource in (await server.Admin.GetAsync(root, Cancellation))["resources"]!.AsArray())
            {
                string name = (string)resource!["name"]!;
                if (name is "events" or "componentstatuses" or "leases"
                    || !resource["verbs"]!.AsArray().Any(static verb => (string?)verb == "list"))
                {
                    continue;
                }

                foreach (JsonObject item in await server.Admin.ListAsync($"{root}/{name}", Cancellation))
                {
                    objects.Add($"{name} {item.At("metadata/namespace")}/{item.At("metadata/name")}");
                }
            }
        }

        return objects;
    }
}
