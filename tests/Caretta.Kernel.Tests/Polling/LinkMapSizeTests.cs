using System.Globalization;
using System.Net.Sockets;

using Caretta.Aot;
using Caretta.Aot.Links;
using Caretta.Kernel.Tests.Support;

using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Polling;

/// <summary>More links than the kernel's maps have room for.</summary>
public sealed class LinkMapSizeTests
{
    private const uint TinyCapacity = 16;
    private const int Connections = 60;

    [KernelFact]
    public async Task Live_connections_lose_nothing_and_the_maps_grow_and_shrink_with_the_work()
    {
        if (!Rerun.IsInner())
        {
            await QuietMachine.ExpectPassAsync(typeof(LinkMapSizeTests), cancellation: TestContext.Current.CancellationToken);
            return;
        }

        var resolver = new RecordingResolver();
        var table = new LinkTable(resolver);
        using MainTier tier = MainTier.Load(BuildInfo.ReadBpfObject(), trackProcesses: true, TinyCapacity);
        tier.Attach(QuietMachine.Cgroup);
        Assert.Equal([TinyCapacity, TinyCapacity, TinyCapacity], Capacities(tier));

        using Socket listener = KeptConnection.Listen();
        List<KeptConnection> connections = [];
        for (int i = 0; i < Connections; i++)
        {
            connections.Add(new KeptConnection(listener, KeptConnection.AddressOf(i)));
            connections[i].Exchange(i + 1, 2 * (i + 1));
        }

        tier.Poll(table);

        // One poll is enough: it makes room until all have found some.
        Assert.Equal(2 * Connections, table.KeyCount);
        Assert.True(tier.Counters.DeferredUpdates > 0);
        Assert.Equal(0UL, tier.Counters.LostUpdates);
        Assert.True(Capacities(tier).Max() >= 2 * Connections, string.Join(' ', Capacities(tier)));
        ExpectBytes(times: 1);

        for (int i = 0; i < Connections; i++)
        {
            connections[i].Exchange(i + 1, 2 * (i + 1));
            connections[i].Dispose();
        }

        await Eventually.GetAsync("all ends are closed", TimeSpan.FromSeconds(10), () =>
        {
            tier.Poll(table);
            return Task.FromResult(table.ClosedConnections == 2 * Connections ? table : null);
        }, TestContext.Current.CancellationToken);
        Assert.Equal(0UL, tier.Counters.LostUpdates);
        ExpectBytes(times: 2);

        // Nothing more happens: after long enough the maps are as small as they were.
        int polls = 0;
        while (Capacities(tier).Max() > TinyCapacity && polls < 1000)
        {
            tier.Poll(table);
            polls++;
        }

        Assert.Equal([TinyCapacity, TinyCapacity, TinyCapacity], Capacities(tier));

        void ExpectBytes(int times)
        {
            for (int link = 0; link < resolver.Keys.Count; link++)
            {
                LinkKey key = resolver.Keys[link];
                bool isClient = key.Role == LinkRole.Client;
                ulong number = (ulong)IndexOf(isClient ? key.LocalAddress.ToString() : key.RemoteAddress.ToString()) + 1;
                (ulong toServer, ulong toClient) = (number * (ulong)times, 2 * number * (ulong)times);
                Assert.Equal(isClient ? toServer : toClient, table.Columns.SentBytes[link]);
                Assert.Equal(isClient ? toClient : toServer, table.Columns.ReceivedBytes[link]);
                Assert.Equal(1UL, table.Columns.Opened[link]);
            }
        }
    }

    [KernelFact]
    public async Task What_closes_without_room_is_counted_to_the_last_byte()
    {
        if (!Rerun.IsInner())
        {
            await QuietMachine.ExpectPassAsync(typeof(LinkMapSizeTests), cancellation: TestContext.Current.CancellationToken);
            return;
        }

        var table = new LinkTable(new RecordingResolver());
        using MainTier tier = MainTier.Load(BuildInfo.ReadBpfObject(), trackProcesses: true, TinyCapacity);
        tier.Attach(QuietMachine.Cgroup);
        using Socket listener = KeptConnection.Listen();
        ulong bytes = 0;
        for (int i = 0; i < Connections; i++)
        {
            using var connection = new KeptConnection(listener, KeptConnection.AddressOf(i));
            connection.Exchange(1000 + i, 10);
            bytes += (ulong)(1000 + i + 10);
        }

        await Eventually.GetAsync("all ends are accounted", TimeSpan.FromSeconds(10), () =>
        {
            tier.Poll(table);
            return Task.FromResult(table.ClosedConnections + tier.Counters.LostUpdates == 2 * Connections ? table : null);
        }, TestContext.Current.CancellationToken);

        KernelCounters counters = tier.Counters;
        Assert.Equal((ulong)(2 * Connections) - TinyCapacity, counters.LostUpdates);
        Assert.Equal((int)TinyCapacity, table.KeyCount);
        Assert.Equal(bytes, Sum(table.Columns.SentBytes) + counters.LostSentBytes);
        Assert.Equal(bytes, Sum(table.Columns.ReceivedBytes) + counters.LostReceivedBytes);
        Assert.Equal(0UL, counters.UntrackedConnections);

        // And the next ones find more room.
        Assert.True(Capacities(tier).Max() > TinyCapacity);
    }

    private static uint[] Capacities(MainTier tier) =>
        [tier.LinkMaps[0].Shape.MaxEntries, tier.LinkMaps[1].Shape.MaxEntries, tier.SweptLinks!.Shape.MaxEntries];

    private static int IndexOf(string address)
    {
        // 127.1.high.low, as IPv4.
        string[] parts = address.Split('.');
        return (int.Parse(parts[^2], CultureInfo.InvariantCulture) << 8) + int.Parse(parts[^1], CultureInfo.InvariantCulture);
    }

    private static ulong Sum(ReadOnlySpan<ulong> values)
    {
        ulong sum = 0;
        foreach (ulong value in values)
        {
            sum += value;
        }

        return sum;
    }
}
