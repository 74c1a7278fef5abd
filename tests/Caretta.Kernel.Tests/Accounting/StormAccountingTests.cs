using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Accounting;

/// <summary>The promise: what the page says is what the applications counted.</summary>
public sealed class StormAccountingTests
{
    private static readonly TimeSpan FastestPoll = TimeSpan.FromMilliseconds(20);

    [KernelFact]
    public async Task No_byte_of_a_storm_is_off_and_no_link_is_missing()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);

        var watch = new TotalsWatch();
        await using var storm = new ChildProcess(
            Repository.Artifact("caretta-traffic"),
            ["storm", "--connections", "25000", "--bulk-streams", "6", "--bulk-bytes", "128M", "--refused", "500", "--out", directory["report"]]);
        while (!storm.HasExited)
        {
            watch.Observe(await agent.ScrapeAsync(cancellation));
        }

        int code = await storm.WaitAsync(cancellation);
        Assert.True(code == 0, storm.Log);
        TrafficReport report = TrafficReport.Parse(await File.ReadAllTextAsync(directory["report"], cancellation));
        Comparison comparison = await agent.CompareAsync(() => Task.FromResult(report), cancellation);
        watch.Observe(await agent.ScrapeAsync(cancellation));

        Assert.True(comparison.Equal, comparison.ToString());
        Assert.True(watch.Falls.Count == 0, watch.ToString());
    }

    [KernelFact]
    public async Task Live_connections_are_exact_at_every_poll()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using RunningAgent agent = await RunningAgent.StartAsync(FastestPoll, cancellation);
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
}
