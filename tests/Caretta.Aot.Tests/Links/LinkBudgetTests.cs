using System.Net;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;
using Caretta.Aot.Tests.Http;
using Xunit;

namespace Caretta.Aot.Tests.Links;

/// <summary>That the number of links has a limit and the bytes do not care. In these tests the server's port is its workload.</summary>
public sealed class LinkBudgetTests
{
    private const int OtherEnd = 99_999;

    private readonly FakeTime _time = new();
    private readonly PortResolver _resolver = new();

    [Fact]
    public void What_is_beyond_the_budget_is_added_up_per_role()
    {
        LinkTable table = Table(maxLinks: 2);
        Apply(table, 10, 100);
        Apply(table, 11, 100);
        Apply(table, 12, 7);
        Apply(table, 13, 8);
        Apply(table, 14, 9, LinkRole.Server);
        table.EndPoll();
        Assert.Equal([(10, 1, 100ul), (11, 1, 100ul), (OtherEnd, 1, 15ul), (OtherEnd, 2, 9ul)], Shown(table));
        Assert.Equal(0ul, table.Ledger.FoldedLinks);
    }

    [Fact]
    public void A_link_that_grows_takes_the_place_of_the_smallest()
    {
        LinkTable table = Table(maxLinks: 2);
        Apply(table, 10, 100, opened: 3);
        Apply(table, 11, 50, opened: 2);
        Apply(table, 12, 101, opened: 1);
        _time.Advance(TimeSpan.FromSeconds(10));
        table.EndPoll();
        Assert.Equal([(10, 1, 100ul), (12, 1, 0ul), (OtherEnd, 1, 151ul)], Shown(table));
        Assert.Equal(1ul, table.Ledger.FoldedLinks);
        Assert.Equal([3L, 1L, 2L], Open(table));
        Apply(table, 12, 5);
        Apply(table, 11, 6);
        Assert.Equal([(10, 1, 100ul), (12, 1, 5ul), (OtherEnd, 1, 157ul)], Shown(table));
    }

    [Fact]
    public void Links_of_like_size_do_not_take_turns()
    {
        LinkTable table = Table(maxLinks: 1);
        Apply(table, 10, 100);
        for (int i = 0; i < 100; i++)
        {
            Apply(table, 11, 10);
            Apply(table, 10, 10);
            _time.Advance(TimeSpan.FromSeconds(10));
            table.EndPoll();
        }

        Assert.Equal([(10, 1, 1100ul), (OtherEnd, 1, 1000ul)], Shown(table));
    }

    [Fact]
    public void An_idle_link_ends_when_an_end_is_gone_and_its_bytes_are_counted()
    {
        LinkTable table = Table(ttl: TimeSpan.FromMinutes(8));
        Apply(table, 10, 100);
        Apply(table, 11, 50);
        Apply(table, 12, 30, opened: 1);
        _resolver.Gone.Add(10);
        _resolver.Gone.Add(12);
        _time.Advance(TimeSpan.FromMinutes(7));
        table.EndPoll();
        Assert.Equal(3, table.Columns.Count);
        _time.Advance(TimeSpan.FromMinutes(1));
        table.EndPoll();

        // 11 is there still; 12 has a connection open.
        Assert.Equal([(11, 1, 50ul), (12, 1, 30ul)], Shown(table));
        Assert.Equal((1ul, 100ul, 200ul), (table.Ledger.ExpiredLinks, table.Ledger.ExpiredSentBytes, table.Ledger.ExpiredReceivedBytes));
        Assert.Equal(2, table.KeyCount);
        Apply(table, 10, 1);
        Assert.Equal([(10, 1, 1ul), (11, 1, 50ul), (12, 1, 30ul)], Shown(table));
    }

    [Fact]
    public void Without_a_time_to_live_nothing_ends()
    {
        LinkTable table = Table(ttl: TimeSpan.Zero);
        _resolver.Gone.Add(10);
        Apply(table, 10, 100);
        _time.Advance(TimeSpan.FromDays(100));
        table.EndPoll();
        Assert.Equal(1, table.Columns.Count);
    }

    [Fact]
    public void A_place_that_an_ended_link_left_is_taken()
    {
        LinkTable table = Table(maxLinks: 1, ttl: TimeSpan.FromMinutes(8));
        Apply(table, 10, 1000);
        Apply(table, 11, 1, opened: 1);
        _resolver.Gone.Add(10);
        _time.Advance(TimeSpan.FromMinutes(8));
        table.EndPoll();
        _time.Advance(TimeSpan.FromSeconds(10));
        table.EndPoll();
        Apply(table, 11, 2);
        Assert.Equal([(11, 1, 2ul), (OtherEnd, 1, 1ul)], Shown(table));
    }

    [Fact]
    public void A_snapshot_keeps_its_links_while_they_end_and_change_places()
    {
        var facts = new AgentFacts { Version = "1", Kernel = "6", Tier = "main", StartTime = DateTimeOffset.UnixEpoch };
        var exchange = new SnapshotExchange(facts);
        var workloads = new WorkloadTable();
        LinkTable table = Table(maxLinks: 2, ttl: TimeSpan.FromMinutes(8));
        Apply(table, 10, 1);
        Apply(table, 11, 2);
        exchange.Publish(table.Columns, workloads, new AgentHealth(facts));
        LinkSnapshot held = exchange.Acquire();
        _resolver.Gone.Add(10);
        Apply(table, 12, 500);
        _time.Advance(TimeSpan.FromMinutes(8));
        table.EndPoll();
        exchange.Publish(table.Columns, workloads, new AgentHealth(facts));
        Apply(table, 13, 3);
        Assert.Equal([10, 11], held.Links.Identities.ToArray().Select(link => link.Server));
        Assert.Equal([1ul, 2ul], held.Links.SentBytes.ToArray());
        held.Release();
    }

    [Fact]
    public void Held_bytes_are_named_when_strangers_send_too_many_keys()
    {
        LinkTable table = Table(maxKeys: 10);
        _resolver.Hold = TimeSpan.FromHours(1);
        for (int i = 0; i < 5; i++)
        {
            Apply(table, 10 + i, 1);
        }

        table.EndPoll();
        Assert.Equal((5, 5ul, 10ul), (table.HeldKeys, table.HeldSentBytes, table.HeldReceivedBytes));
        Apply(table, 20, 1);
        table.EndPoll();
        Assert.Equal((0, 0ul, 0ul), (table.HeldKeys, table.HeldSentBytes, table.HeldReceivedBytes));
        Assert.Equal(6, table.Columns.Count);
    }

    [Fact]
    public void A_steady_overload_allocates_nothing()
    {
        LinkTable table = Table(maxLinks: 10);
        LinkKey[] keys = new LinkKey[50];
        LinkDelta[] deltas = new LinkDelta[50];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = Key(10 + i, LinkRole.Client);
            deltas[i] = new LinkDelta(i < 10 ? 100ul : 1ul, 0, 0, 0, 0, 0);
        }

        void Poll()
        {
            table.Apply(keys, deltas);
            _time.Advance(TimeSpan.FromSeconds(10));
            table.EndPoll();
        }

        Poll();
        Poll();
        long spent = 0;
        for (int i = 0; i < 100; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            table.Apply(keys, deltas);
            table.EndPoll();
            spent += GC.GetAllocatedBytesForCurrentThread() - before;
            _time.Advance(TimeSpan.FromSeconds(10));        // the test's clock makes lists of its own
        }

        Assert.Equal(0, spent);
    }

    private static LinkKey Key(int port, LinkRole role) =>
        new(NetAddress.From(IPAddress.Parse("10.0.0.1")), NetAddress.From(IPAddress.Parse("10.0.0.2")), default, default, (ushort)port, role, 0);

    private static void Apply(LinkTable table, int port, ulong sent, LinkRole role = LinkRole.Client, ulong opened = 0) =>
        table.Apply([Key(port, role)], [new LinkDelta(sent, 2 * sent, opened, 0, 0, 0)]);

    private static (int Server, int Role, ulong Sent)[] Shown(LinkTable table)
    {
        List<(int, int, ulong)> shown = [];
        for (int i = 0; i < table.Columns.Count; i++)
        {
            LinkIdentity link = table.Columns.Identities[i];
            Assert.Equal(link.Server == OtherEnd ? 0 : link.Server, link.Port);
            shown.Add((link.Server, link.Role, table.Columns.SentBytes[i]));
        }

        return [.. shown.Order()];
    }

    private static long[] Open(LinkTable table)
    {
        long[] open = table.Columns.Open.ToArray();
        Array.Sort([.. table.Columns.Identities.ToArray().Select(link => link.Server)], open);
        return open;
    }

    private LinkTable Table(int maxLinks = 100, TimeSpan? ttl = null, int maxKeys = 1000) =>
        new(_resolver, new LinkLimits { MaxLinks = maxLinks, MaxKeys = maxKeys, LinkTtl = ttl ?? TimeSpan.FromHours(1) }, _time);

    private sealed class PortResolver : ILinkResolver
    {
        public HashSet<int> Gone { get; } = [];

        public TimeSpan Hold { get; set; }

        public long Epoch => 0;

        public int Other => OtherEnd;

        public bool IsGone(int workload) => Gone.Contains(workload);

        public LinkEnds Resolve(in LinkKey key, TimeSpan waited, LinkHolders holders) =>
            waited < Hold ? LinkEnds.Held : new LinkEnds(key.Role == LinkRole.Client ? 1 : 2, key.ServerPort);
    }
}
