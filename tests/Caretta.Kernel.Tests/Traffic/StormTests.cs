using Caretta.Traffic;
using Caretta.Traffic.Reports;
using Caretta.Traffic.Wire;

using Xunit;

namespace Caretta.Kernel.Tests.Traffic;

/// <summary>The yardstick itself: what it counts must add up before anything is held against it.</summary>
public sealed class StormTests
{
    private static readonly StormOptions Small = new() { Connections = 500, BulkStreams = 2, BulkBytes = 5 << 20, Refused = 30 };

    [Fact]
    public async Task Both_ends_counted_the_same()
    {
        TrafficReport report = await RunAsync(Small);

        Assert.Null(report.FindImbalance());
        Assert.Equal(500 + 2, report.Lines.Where(static line => line.Key.Role == Role.Client).Sum(static line => line.Totals.Opened));
        Assert.Equal(30, report.Lines.Sum(static line => line.Totals.Failed));
        Assert.All(report.Lines, static line => Assert.Equal(line.Totals.Opened, line.Totals.Closed));
        Assert.Equal([AddressForm.V4, AddressForm.V6, AddressForm.Mapped], report.Lines.Select(static line => line.Key.Form).Distinct().Order());
    }

    [Fact]
    public async Task The_seed_decides_every_byte()
    {
        TrafficReport first = await RunAsync(Small), second = await RunAsync(Small), other = await RunAsync(Small with { Seed = 2 });

        Assert.Equal(SentBytes(first), SentBytes(second));
        Assert.NotEqual(SentBytes(first), SentBytes(other));
    }

    private static long SentBytes(TrafficReport report) => report.Lines.Sum(static line => line.Totals.SentBytes);

    private static async Task<TrafficReport> RunAsync(StormOptions options)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        var ledger = new Ledger();
        await using var server = new TrafficServer(ledger);
        await new Storm(ledger, options, StormTarget.OpenOnLoopback(server, ports: 2, addresses: 2)).RunAsync(cancellation);
        await server.WaitIdleAsync(cancellation);
        Assert.Null(server.FirstFault);
        return TrafficReport.From(ledger);
    }
}
