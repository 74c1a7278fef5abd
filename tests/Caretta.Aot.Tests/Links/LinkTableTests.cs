using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;
using Caretta.Testing;
using Xunit;

namespace Caretta.Aot.Tests.Links;

public sealed class LinkTableTests
{
    private readonly FakeResolver _resolver = new();

    [Fact]
    public void Structs_lie_in_memory_as_in_the_header()
    {
        Assert.Equal(24, Unsafe.SizeOf<SocketOwner>());
        Assert.Equal(88, Unsafe.SizeOf<LinkKey>());
        Assert.Equal(48, Unsafe.SizeOf<LinkDelta>());
        LinkKey key = Key("10.0.0.1", "10.0.0.2", port: 0x1234, role: LinkRole.Server) with
        {
            Flags = LinkKeyFlags.PeerKnown,
            LocalOwner = SocketOwner.From(0x77, "local"),
            RemoteOwner = SocketOwner.From(0x88, "remote"),
        };
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<LinkKey>(in key));
        Assert.Equal(IPAddress.Parse("::ffff:10.0.0.1").GetAddressBytes(), bytes[..16].ToArray());
        Assert.Equal(IPAddress.Parse("::ffff:10.0.0.2").GetAddressBytes(), bytes[16..32].ToArray());
        Assert.Equal(0x77ul, BitConverter.ToUInt64(bytes[32..]));
        Assert.Equal("local\0"u8.ToArray(), bytes[40..46].ToArray());
        Assert.Equal(0x88ul, BitConverter.ToUInt64(bytes[56..]));
        Assert.Equal("remote\0"u8.ToArray(), bytes[64..71].ToArray());
        Assert.Equal(0x1234, BitConverter.ToUInt16(bytes[80..]));
        Assert.Equal(2, bytes[82]);
        Assert.Equal(1, bytes[83]);
        Assert.Equal(0u, BitConverter.ToUInt32(bytes[84..]));
    }

    [Fact]
    public void Deltas_of_all_keys_of_a_link_add_up()
    {
        var table = new LinkTable(_resolver);
        table.Apply([Key("10.0.0.1", "10.0.0.9"), Key("10.0.0.2", "10.0.0.9")], [new(1, 2, 3, 1, 5, 0), new(10, 20, 30, 0, 50, 4)]);
        table.Apply([Key("10.0.0.1", "10.0.0.9")], [new(100, 200, 0, 1, 0, 0)]);
        LinkColumns links = table.Columns;
        Assert.Equal(1, links.Count);
        Assert.Equal(new LinkIdentity(1, 2, 80, 1), links.Identities[0]);
        Assert.Equal(111ul, links.SentBytes[0]);
        Assert.Equal(222ul, links.ReceivedBytes[0]);
        Assert.Equal(33ul, links.Opened[0]);
        Assert.Equal(2ul, links.Closed[0]);
        Assert.Equal(55ul, links.Failed[0]);
        Assert.Equal(35, links.Open[0]);
        Assert.Equal(2ul, table.ClosedConnections);
        Assert.Equal(2, _resolver.Calls);
    }

    [Fact]
    public void Port_and_role_separate_links()
    {
        var table = new LinkTable(_resolver);
        table.Apply(
            [Key("10.0.0.1", "10.0.0.9"), Key("10.0.0.1", "10.0.0.9", port: 81), Key("10.0.0.1", "10.0.0.9", role: LinkRole.Server)],
            [default, default, default]);
        Assert.Equal(3, table.Columns.Count);
    }

    [Fact]
    public void Loopback_is_shown_and_counted_on_a_host()
    {
        var table = new LinkTable(_resolver);
        table.Apply([Key("127.0.0.1", "127.0.0.1"), Key("::1", "::1")], [new(5, 0, 2, 1, 0, 1), new(5, 0, 1, 0, 0, 0)]);
        Assert.Equal(3, table.LoopbackConnections);
        Assert.Equal(10ul, table.Columns.SentBytes[0]);
    }

    [Fact]
    public void Loopback_is_counted_but_not_shown_where_it_is_skipped()
    {
        var table = new LinkTable(_resolver, new LinkLimits { SkipLoopback = true });
        table.Apply([Key("127.0.0.1", "127.0.0.1"), Key("10.0.0.1", "10.0.0.2")], [new(5, 0, 2, 1, 0, 1), new(7, 0, 1, 0, 0, 0)]);
        Assert.Equal(2, table.LoopbackConnections);
        Assert.Equal(1, table.Columns.Count);
        Assert.Equal(7ul, table.Columns.SentBytes[0]);
        Assert.Equal(1ul, table.ClosedConnections);
    }

    [Fact]
    public void A_better_name_gets_what_comes_and_the_open_connections()
    {
        var table = new LinkTable(_resolver);
        _resolver.Answer = new LinkEnds(1, 2, Provisional: true);
        table.Apply([Key("10.0.0.1", "10.0.0.9")], [new(100, 10, 3, 1, 0, 0)]);
        _resolver.Answer = new LinkEnds(1, 3);
        table.Apply([Key("10.0.0.1", "10.0.0.9")], [new(1, 1, 0, 1, 0, 0)]);
        table.Apply([Key("10.0.0.1", "10.0.0.9")], [new(1, 1, 0, 0, 0, 0)]);
        Assert.Equal([100ul, 2ul], table.Columns.SentBytes.ToArray());
        Assert.Equal([0L, 1L], table.Columns.Open.ToArray());
        Assert.Equal(2, _resolver.Calls);
    }

    [Fact]
    public void Idle_keys_are_forgotten_above_the_limit_and_totals_stay()
    {
        var table = new LinkTable(_resolver, new LinkLimits { MaxKeys = 100 });
        LinkKey open = Key("10.9.9.9", "10.0.0.9");
        table.Apply([open], [new(1, 0, 1, 0, 0, 0)]);
        ulong sent = 1;
        for (int poll = 0; poll < 2000; poll++)
        {
            table.Apply([Key($"10.1.{poll >> 8}.{poll & 255}", "10.0.0.9")], [new(1, 0, 1, 1, 0, 0)]);
            table.EndPoll();
            sent++;
            Assert.Equal(sent, table.Columns.SentBytes[0]);
            Assert.InRange(table.KeyCount, 1, 202);
        }

        int calls = _resolver.Calls;
        table.Apply([open], [new(0, 0, 0, 1, 0, 0)]);
        Assert.Equal(calls, _resolver.Calls);
        Assert.Equal(0, table.Columns.Open[0]);
        Assert.Equal(1, table.Columns.Count);
    }

    [Fact]
    public void Totals_never_fall_whatever_comes()
    {
        var random = new Random(7);
        var table = new LinkTable(_resolver, new LinkLimits { MaxKeys = 50 });
        ulong[] before = [];
        for (int poll = 0; poll < 500; poll++)
        {
            for (int i = 0; i < 20; i++)
            {
                _resolver.Answer = new LinkEnds(random.Next(5), random.Next(5), random.Next(3) == 0);
                table.Apply(
                    [Key($"10.0.0.{random.Next(256)}", $"10.0.1.{random.Next(4)}")],
                    [new((ulong)random.Next(1000), 0, (ulong)random.Next(3), (ulong)random.Next(3), 0, 0)]);
            }

            table.EndPoll();
            ReadOnlySpan<ulong> now = table.Columns.SentBytes;
            for (int link = 0; link < before.Length; link++)
            {
                Assert.True(now[link] >= before[link]);
            }

            before = now.ToArray();
        }
    }

    [Fact]
    public void Spans_of_different_length_are_refused() =>
        Assert.Throws<ArgumentException>(() => new LinkTable(_resolver).Apply(new LinkKey[2], new LinkDelta[1]));

    [Fact]
    public void Every_member_of_a_key_counts_for_equality_and_the_hash_spreads()
    {
        LinkKey key = Key("10.0.0.1", "10.0.0.2");
        LinkKey[] others =
        [
            key with { LocalAddress = new NetAddress(1, key.LocalAddress.Second) },
            key with { LocalAddress = new NetAddress(0, 1) },
            key with { RemoteAddress = new NetAddress(1, key.RemoteAddress.Second) },
            key with { RemoteAddress = new NetAddress(0, 1) },
            key with { LocalOwner = new SocketOwner(1, 0, 0) },
            key with { LocalOwner = new SocketOwner(0, 1, 0) },
            key with { LocalOwner = new SocketOwner(0, 0, 1) },
            key with { RemoteOwner = new SocketOwner(1, 0, 0) },
            key with { RemoteOwner = new SocketOwner(0, 1, 0) },
            key with { RemoteOwner = new SocketOwner(0, 0, 1) },
            key with { ServerPort = 81 },
            key with { Role = LinkRole.Server },
            key with { Flags = LinkKeyFlags.PeerKnown },
        ];
        Assert.All(others, other => Assert.NotEqual(key, other));
        Assert.Equal(others.Length, others.Select(other => other.GetHashCode()).Distinct().Count());

        // 65,536 neighbouring addresses into as many buckets: a random function leaves 36.8 % of them empty.
        int[] buckets = new int[65536];
        for (uint i = 0; i < buckets.Length; i++)
        {
            NetAddress address = NetAddress.From(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]));
            buckets[(key with { RemoteAddress = address }).GetHashCode() & 0xffff]++;
        }

        Assert.InRange(buckets.Count(bucket => bucket == 0), 65536 * 0.35, 65536 * 0.39);
        Assert.InRange(buckets.Max(), 2, 14);
    }

    [Fact]
    public void A_warm_poll_allocates_nothing()
    {
        var workloads = new WorkloadTable();
        for (int i = 0; i < 4; i++)
        {
            workloads.Intern($"w{i}", "host", "process");
        }

        var facts = new AgentFacts { Version = "1", Kernel = "6", Tier = "main", StartTime = DateTimeOffset.UnixEpoch };
        var health = new AgentHealth(facts);
        var exchange = new SnapshotExchange(facts);
        var table = new LinkTable(_resolver);
        var keys = new LinkKey[1000];
        var deltas = new LinkDelta[1000];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = Key($"10.0.{i >> 8}.{i & 255}", "10.0.0.9", port: (ushort)(i + 1));
            deltas[i] = new LinkDelta(1, 2, 1, 1, 0, 0);
        }

        void Poll()
        {
            table.Apply(keys, deltas);
            table.EndPoll();
            exchange.Publish(table.Columns, workloads, health);
        }

        for (int i = 0; i < 3; i++)
        {
            Poll();
        }

        int polls = 3;
        long allocated = Allocated.By(() =>
        {
            for (int i = 0; i < 100; i++, polls++)
            {
                Poll();
            }
        });
        Assert.Equal(0, allocated);
        Assert.Equal((ulong)polls, table.Columns.SentBytes[999]);
    }

    private static LinkKey Key(string local, string remote, ushort port = 80, LinkRole role = LinkRole.Client) =>
        new(
            NetAddress.From(IPAddress.Parse(local)), NetAddress.From(IPAddress.Parse(remote)), default, default, port, role,
            LinkKeyFlags.None);

    private sealed class FakeResolver : ILinkResolver
    {
        public LinkEnds Answer { get; set; } = new(1, 2);

        public int Calls { get; private set; }

        public long Epoch => 0;

        public int Other => 9;

        public bool IsGone(int workload) => false;

        public LinkEnds Resolve(in LinkKey key, TimeSpan waited, LinkHolders holders)
        {
            Calls++;
            return Answer;
        }
    }
}
