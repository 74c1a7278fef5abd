using System.Text.Json;

using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Accounting;

/// <summary>
/// The fallback tiers on this kernel, which has everything, by doing without some of it. Kernels that really lack it are in
/// <c>tests/kernels</c>.
/// </summary>
public sealed class FallbackTierTests
{
    private static readonly TimeSpan FastestPoll = TimeSpan.FromMilliseconds(20);

    public static TheoryData<string, string> Tiers => new()
    {
        { "iterators", "sockops-types" },
        { "iterators,headers", "sockops-types" },
        { "iterators,batch", "sockops-types" },
        { "btf", "sockops" },
        { "cgroup", "tracing" },
        { "sockops", "tracing" },
        { "btf,tracing,headers", "sockops-plain" },
        { "btf,tracing,headers,cookie", "sockops-plain" },
        { "btf,tracing,headers,cookie,batch,globals", "sockops-plain" },
    };

    public static TheoryData<string> LiveTiers => new("iterators", "btf", "cgroup");

    [KernelTheory]
    [MemberData(nameof(Tiers))]
    public async Task No_byte_of_a_storm_is_off_and_no_link_is_missing(string without, string tier)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using RunningAgent agent = await StartAsync(without, cancellation);
        await using var storm = new ChildProcess(
            Repository.Artifact("caretta-traffic"),
            ["storm", "--connections", "4000", "--bulk-streams", "3", "--bulk-bytes", "32M", "--refused", "100", "--out", directory["report"]]);

        int code = await storm.WaitAsync(cancellation);

        Assert.True(code == 0, storm.Log);
        TrafficReport report = TrafficReport.Parse(await File.ReadAllTextAsync(directory["report"], cancellation));
        Comparison comparison = await agent.CompareAsync(() => Task.FromResult(report), cancellation);
        Assert.True(comparison.Equal, comparison.ToString());
        MetricsPage page = await agent.ScrapeAsync(cancellation);
        Sample info = Assert.Single(page.Samples, static sample => sample.Name == "caretta_agent_tier_info");
        Assert.Equal(tier, info.Label("tier"));
        Assert.Contains("main: without ", info.Label("reason"), StringComparison.Ordinal);
    }

    [KernelTheory]
    [MemberData(nameof(LiveTiers))]
    public async Task Live_connections_are_exact_a_poll_later(string without)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using RunningAgent agent = await StartAsync(without, cancellation);
        await using TrafficProcess traffic = TrafficProcess.Start();
        int port = await traffic.ListenAsync("[::]", cancellation);
        await traffic.AskAsync($"connect a v4 127.0.0.1:{port}", cancellation);
        await traffic.AskAsync($"connect b mapped 127.0.0.1:{port} 127.0.0.77", cancellation);
        await traffic.AskAsync($"connect c v6 [::1]:{port}", cancellation);

        foreach (string exchange in new[] { "a 1 1", "b 100000 3", "c 5 2000000", "a 70000 70000", "c 1 0", "b 0 0" })
        {
            await traffic.AskAsync($"exchange {exchange}", cancellation);
            Comparison comparison = await agent.CompareAsync(() => traffic.ReportAsync(cancellation), cancellation);
            Assert.True(comparison.Equal, $"after {exchange}: {comparison}");
        }
    }

    [KernelTheory]
    [MemberData(nameof(Tiers))]
    public async Task Check_says_what_the_agent_then_does(string without, string tier)
    {
        await using var check = new ChildProcess(Repository.Artifact("caretta"), ["check", "--json"], environment: Without(without));

        int code = await check.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, code);
        using JsonDocument answer = JsonDocument.Parse(check.Log);
        Assert.Equal(tier, answer.RootElement.GetProperty("tier").GetString());
        Assert.StartsWith("main: without ", answer.RootElement.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [KernelFact]
    public async Task Connections_that_nobody_can_see_are_counted_as_lost()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using TrafficProcess traffic = TrafficProcess.Start();
        int port = await traffic.ListenAsync("127.0.0.1", cancellation);
        await traffic.AskAsync($"connect a v4 127.0.0.1:{port}", cancellation);

        await using RunningAgent agent = await StartAsync("btf", cancellation);

        MetricsPage page = await agent.ScrapeAsync(cancellation);
        Sample lost = Assert.Single(page.Samples, static sample => sample.Name == "caretta_agent_lost_connections_total");
        Assert.True(lost.Value >= 2, $"{lost.Value} ends");
    }

    private static Dictionary<string, string> Without(string parts) => new() { ["CARETTA_WITHOUT"] = parts };

    private static Task<RunningAgent> StartAsync(string without, CancellationToken cancellation) =>
        RunningAgent.StartAsync(FastestPoll, Without(without), launcher: [], cancellation);
}
