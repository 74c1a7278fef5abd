using System.Text;
using Caretta.Aot.Check;
using Caretta.Aot.Tests.Kubernetes;
using Xunit;

namespace Caretta.Aot.Tests.Check;

public sealed class ClusterCheckTests : IDisposable
{
    private readonly string _kubeconfig = Path.GetTempFileName();

    public void Dispose() => File.Delete(_kubeconfig);

    [Fact]
    public async Task Without_a_sign_of_a_cluster_names_are_the_machines_own()
    {
        CheckItem item = Assert.Single(await ClusterCheck.RunAsync(static _ => null, withSlices: false, TestContext.Current.CancellationToken));
        Assert.Equal(CheckState.Ok, item.State);
        Assert.Contains("this machine's own", item.Found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_agent_refuses_to_start_with_fails_the_check()
    {
        CheckItem item = Assert.Single(await RunAsync("users: []\nclusters: []\ncontexts: []\ncurrent-context: nowhere\n"));
        Assert.Equal(CheckState.Failed, item.State);
        Assert.Contains("nowhere", item.Found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_is_not_accepted_is_said_and_keeps_nobody_from_running()
    {
        using var server = new FakeApiServer(static exchange => exchange.StatusAsync(401, "Unauthorized"));
        CheckItem item = Assert.Single(await RunAsync(For(server)));
        Assert.Equal(CheckState.Warning, item.State);
        Assert.Contains("401", item.Found, StringComparison.Ordinal);
        Assert.Contains("renew the token", item.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slices_are_asked_for_where_services_are_shown_as_workloads()
    {
        using var server = new FakeApiServer(static exchange =>
            exchange.Path.Contains("endpointslices", StringComparison.Ordinal) ? exchange.StatusAsync(403, "no")
            : exchange.Path.Contains("caretta-check", StringComparison.Ordinal) ? exchange.StatusAsync(404, "no such object")
            : exchange.JsonAsync("{}"));
        IReadOnlyList<CheckItem> items = await RunAsync(For(server), withSlices: true);
        Assert.Equal([CheckState.Ok, CheckState.Warning, CheckState.Ok], items.Select(static item => item.State));
        Assert.Contains("endpointslices (list, watch)", items[1].Found, StringComparison.Ordinal);
        Assert.Contains("""apiGroups: ["discovery.k8s.io"]""", items[1].Remedy, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<CheckItem>> RunAsync(string kubeconfig, bool withSlices = false)
    {
        await File.WriteAllTextAsync(_kubeconfig, kubeconfig, TestContext.Current.CancellationToken);
        return await ClusterCheck.RunAsync(name => name == "KUBECONFIG" ? _kubeconfig : null, withSlices, TestContext.Current.CancellationToken);
    }

    private static string For(FakeApiServer server) => $$"""
        current-context: test
        contexts: [{name: test, context: {cluster: test, user: test} }]
        clusters: [{name: test, cluster: {server: "https://127.0.0.1:{{server.Port}}", certificate-authority-data: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(TestCertificates.Shared.AuthorityPem))}} } }]
        users: [{name: test, user: {token: abc} }]
        """;
}
