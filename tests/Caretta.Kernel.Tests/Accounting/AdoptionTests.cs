using System.Globalization;

using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Accounting;

/// <summary>Connections that were open before the agent: counted from its launch on, with the right role.</summary>
public sealed class AdoptionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(0.5);

    [KernelFact]
    public async Task Later_bytes_of_an_older_connection_are_counted_to_its_end()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using TrafficProcess traffic = TrafficProcess.Start();
        int port = await traffic.ListenAsync("[::]", cancellation);
        string[] connects = [$"four v4 127.0.0.1:{port}", $"six v6 [::1]:{port}", $"mapped mapped 127.0.0.1:{port} 127.0.0.9", $"idle v4 127.0.0.1:{port}"];
        foreach (string connect in connects)
        {
            await traffic.AskAsync($"connect {connect}", cancellation);
            await traffic.AskAsync($"exchange {connect.Split(' ')[0]} 5000 6000", cancellation);
        }

        await traffic.AskAsync("settle", cancellation);
        TrafficReport before = await traffic.ReportAsync(cancellation);
        await using RunningAgent agent = await RunningAgent.StartAsync(TimeSpan.FromMilliseconds(20), cancellation);

        await ExpectAsync("open and silent since");
        await traffic.AskAsync("exchange four 1 2", cancellation);
        await traffic.AskAsync("exchange six 300000 400000", cancellation);
        await traffic.AskAsync("exchange mapped 7 0", cancellation);
        await ExpectAsync("while open");
        await traffic.AskAsync("close four reset", cancellation);
        await traffic.AskAsync("close six half", cancellation);
        await traffic.AskAsync("close mapped fin", cancellation);
        await ExpectAsync("after their end");

        async Task ExpectAsync(string when)
        {
            Comparison comparison = await agent.CompareAsync(
                async () => (await traffic.ReportAsync(cancellation)).Since(before), cancellation);
            Assert.True(comparison.Equal, $"{when}: {comparison}");
        }
    }

    [KernelFact]
    public async Task The_first_page_with_older_connections_comes_within_half_a_second()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using TrafficProcess traffic = TrafficProcess.Start();
        int port = await traffic.ListenAsync("127.0.0.1", cancellation);
        await traffic.AskAsync($"connect old v4 127.0.0.1:{port}", cancellation);

        // The best of a few: a busy machine makes any single start slow, but not all of them.
        TimeSpan best = TimeSpan.MaxValue;
        for (int start = 0; start < 5 && best >= Limit; start++)
        {
            best = Min(best, await StartAndShowAsync(port, cancellation));
        }

        Assert.True(best < Limit, $"took {best.TotalMilliseconds} ms at best");
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static async Task<TimeSpan> StartAndShowAsync(int port, CancellationToken cancellation)
    {
        long start = TimeProvider.System.GetTimestamp();
        await using RunningAgent agent = await RunningAgent.StartAsync(TimeSpan.FromSeconds(5), cancellation);
        MetricsPage page = await agent.ScrapeAsync(cancellation);
        TimeSpan took = TimeProvider.System.GetElapsedTime(start);

        string wanted = port.ToString(CultureInfo.InvariantCulture);
        foreach (Role role in new[] { Role.Client, Role.Server })
        {
            Assert.Contains(page.Samples, sample => sample.Name == "caretta_link_connections" && sample.Value == 1
                && sample.Label("server_port") == wanted && sample.Label("role") == ((int)role).ToString(CultureInfo.InvariantCulture));
        }
        return took;
    }
}
