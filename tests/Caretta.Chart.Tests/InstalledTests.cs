using System.Text.Json.Nodes;

using Caretta.Chart.Tests.Support;
using Caretta.Cluster.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>What helm has installed does what it is for.</summary>
[Collection<OneScene>]
public sealed class InstalledTests(ChartScene scene)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task The_agent_in_its_pod_runs_the_full_main_tier()
    {
        (int code, string output) = await scene.Agent.ExecuteAsync(Cancellation, "/caretta", "check");

        Assert.True(code == 0, output);
        Assert.DoesNotContain("[warn]", output, StringComparison.Ordinal);
        Assert.DoesNotContain("[FAIL]", output, StringComparison.Ordinal);
        Assert.Contains("caretta runs here: tier main", output, StringComparison.Ordinal);
        MetricsPage page = await MetricsPage.LoadAsync(new Uri(ChartScene.AgentAddress, "metrics").ToString(), Cancellation);
        Assert.Equal("main", page.Samples.Single(static one => one.Name == "caretta_agent_tier_info").Label("tier"));
        Assert.All(page.Samples.Where(static one => one.Name == "caretta_agent_watch_connected"), static one => Assert.Equal(1, one.Value));
        double resident = page.Samples.Single(static one => one.Name == "caretta_agent_resident_memory_bytes").Value;
        TestContext.Current.TestOutputHelper!.WriteLine($"resident {resident / 1e6:f1} MB; image {AgentImage.Compressed / 1e6:f2} MB compressed, {AgentImage.Unpacked / 1e6:f2} MB unpacked");
        Assert.InRange(resident, 1, 40e6);
    }

    /// <summary>The capabilities for kernels that do not know the newer ones are enough too.</summary>
    [ClusterFact]
    public async Task The_pod_for_old_kernels_runs_here_as_well()
    {
        JsonObject daemonSet = (await Helm.TemplateAsync(Cancellation, "--set", "oldKernels=true")).Get("DaemonSet", "caretta");
        JsonObject pod = daemonSet.At("spec/template")!.DeepClone().AsObject();
        pod["metadata"]!["name"] = "caretta-old";
        pod["spec"]!["nodeName"] = ChartScene.NodeName;

        // For the limit on locked memory, which this kernel no longer counts BPF under; a machine of tests may not have it to give.
        JsonArray added = pod.At("spec/containers/0/securityContext/capabilities/add")!.AsArray();
        added.Remove(added.Single(static one => (string?)one == "SYS_RESOURCE"));

        await using PodContainer container = scene.StartContainer(pod, "check");
        int code = await container.WaitAsync(Cancellation);

        Assert.True(code == 0, container.Log);
        Assert.Contains("caretta runs here: tier main", container.Log, StringComparison.Ordinal);
    }

    /// <summary>Each of the three is needed: without it the check names it, and the main tier cannot run.</summary>
    [ClusterFact]
    public async Task No_capability_is_there_in_vain()
    {
        foreach (string capability in (string[])["BPF", "NET_ADMIN", "PERFMON"])
        {
            JsonObject pod = scene.AgentPod.DeepClone().AsObject();
            JsonArray added = pod.At("spec/containers/0/securityContext/capabilities/add")!.AsArray();
            added.Remove(added.Single(one => (string?)one == capability));

            await using PodContainer container = scene.StartContainer(pod, "check");
            await container.WaitAsync(Cancellation);

            Assert.DoesNotContain("runs here: tier main", container.Log, StringComparison.Ordinal);
            Assert.Contains("CAP_" + capability, container.Log, StringComparison.Ordinal);
        }
    }

    [ClusterFact]
    public async Task The_agents_account_reads_what_names_need_and_nothing_else()
    {
        KubeClient account = scene.CreateAgentClient();
        foreach (string allowed in (string[])["Pod", "Service", "Node"])
        {
            Assert.NotEmpty(await account.ListAsync(KubePath.Of("v1", allowed, null, null), Cancellation));
        }

        Assert.Equal("web", (string?)(await account.GetAsync(KubePath.Of("apps/v1", "Deployment", "shop", "web"), Cancellation)).At("metadata/name"));
        foreach (string refused in (string[])["Secret", "ConfigMap", "Event", "ServiceAccount"])
        {
            KubeException denial = await Assert.ThrowsAsync<KubeException>(() => account.ListAsync(KubePath.Of("v1", refused, null, null), Cancellation));
            Assert.Equal(403, denial.Code);
        }

        KubeException list = await Assert.ThrowsAsync<KubeException>(() => account.ListAsync(KubePath.Of("apps/v1", "Deployment", null, null), Cancellation));
        Assert.Equal(403, list.Code);
        KubeException deletion = await Assert.ThrowsAsync<KubeException>(
            () => account.DeleteAsync(KubePath.Pod(ChartScene.Space, (string)scene.AgentPod.At("metadata/name")!), Cancellation));
        Assert.Equal(403, deletion.Code);
    }

    [ClusterFact]
    public async Task Links_of_the_cluster_go_by_their_workloads_and_the_outside_by_its_name()
    {
        string[] expected =
        [
            $"Deployment shop/web -> Deployment shop/store :{ChartScene.Port} role 1",
            $"Deployment shop/web -> Deployment shop/store :{ChartScene.Port} role 2",
            $"Deployment shop/web -> Service shop/store :{ChartScene.Port} role 1",
            $"Deployment shop/web -> external external/{ChartScene.OutsideName} :{ChartScene.RefusedPort} role 1",
        ];
        string[] seen = [];
        try
        {
            await Eventually.GetAsync(
                "the links are named",
                Patience,
                async () =>
                {
                    MetricsPage page = await MetricsPage.LoadAsync(new Uri(ChartScene.AgentAddress, "metrics").ToString(), Cancellation);
                    seen = [.. NamedLink.Of(page, ChartScene.Port).Keys, .. NamedLink.Of(page, ChartScene.RefusedPort).Keys];
                    return expected.All(seen.Contains) ? seen : null;
                },
                Cancellation);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"seen: {string.Join("\n", seen)}\n{scene.Agent.Log}");
        }

        Assert.DoesNotContain("403", scene.Agent.Log, StringComparison.Ordinal);
    }

    [ClusterFact]
    public async Task The_scrapers_find_the_agent_by_themselves()
    {
        foreach ((string name, Uri server) in scene.Scrapers)
        {
            JsonObject target = await Eventually.GetAsync(
                $"{name} has a target that is up",
                Patience,
                async () => (await Query.TargetsAsync(server, Cancellation)) is [var only] && (string?)only["health"] == "up" ? only : null,
                Cancellation);

            Assert.Equal("caretta", (string?)target.At("labels/job"));
            Assert.Equal(scene.AgentPod.At("metadata/name")!.ToString(), (string?)target.At("labels/caretta_pod"));
            Assert.Equal(ChartScene.NodeName, (string?)target.At("labels/caretta_node"));
            IReadOnlyList<JsonObject> links = await Eventually.GetAsync(
                $"{name} has links",
                Patience,
                async () => await Query.InstantAsync(server, "caretta_links_observed{caretta_node=\"node-a\",client_name=\"web\"}", Cancellation) is { Count: > 0 } some
                    ? some : null,
                Cancellation);
            Assert.All(links, static one => Assert.NotNull((string?)one.At("metric/link_id")));
        }
    }

    [Fact]
    public void The_image_is_small_and_has_one_program()
    {
        Assert.InRange(AgentImage.Compressed, 1, 8_000_000);
        Assert.InRange(AgentImage.Unpacked, 1, 20_000_000);
        Assert.Equal(
            ["caretta", "sbom.spdx.json"],
            Directory.EnumerateFiles(AgentImage.Root, "*", SearchOption.AllDirectories).Select(static file => Path.GetRelativePath(AgentImage.Root, file)).Order());
        JsonNode contents = JsonNode.Parse(File.ReadAllText(Path.Combine(AgentImage.Root, "sbom.spdx.json")))!;
        Assert.All(contents["packages"]!.AsArray(), static one => Assert.Matches(@"^\d+\.\d+", (string?)one!["versionInfo"]));
        Assert.Equal("""["/caretta"]""", AgentImage.Configuration["Entrypoint"]!.ToJsonString());
        Assert.Equal("caretta", (string?)AgentImage.Configuration.At("Labels/org.opencontainers.image.title"));
    }
}
