using System.Diagnostics.CodeAnalysis;
using System.Net;
using Caretta.Aot.Host;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Testing;
using Xunit;

namespace Caretta.Aot.Tests.Host;

public sealed class HostResolverTests
{
    private const string ContainerId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private readonly WorkloadTable _workloads = new();
    private readonly FakePaths _paths = new();
    private readonly FakeTime _time = new();
    private readonly HostNames _names;
    private readonly HostResolver _resolver;

    public HostResolverTests()
    {
        _names = new HostNames(_workloads, _paths, new ContainerNames("/nonexistent"), _time, maxNames: 3);
        _resolver = new HostResolver(_names);
        _paths.Known[10] = "/system.slice/nginx.service";
        _paths.Known[11] = $"/docker/{ContainerId}";
        _paths.Known[12] = "/user.slice/user-1000.slice/session-1.scope";
        _paths.Known[13] = "/lxc.payload.box";
    }

    [Fact]
    public void A_client_calls_an_address_elsewhere()
    {
        (Workload client, Workload server, bool provisional) = Resolve(Key(LinkRole.Client, SocketOwner.From(10, "nginx")));
        Assert.Equal(("nginx.service", "host", "unit"), (client.Name, client.Namespace, client.Kind));
        Assert.Equal(("192.0.2.7", "external", "external"), (server.Name, server.Namespace, server.Kind));
        Assert.False(provisional);
    }

    [Fact]
    public void A_server_is_called_from_elsewhere()
    {
        (Workload client, Workload server, _) = Resolve(Key(LinkRole.Server, SocketOwner.From(11, "node")));
        Assert.Equal(("192.0.2.7", "external"), (client.Name, client.Kind));
        Assert.Equal(("0123456789ab", "host", "container"), (server.Name, server.Namespace, server.Kind));
    }

    [Fact]
    public void A_known_peer_is_named_like_a_local_end()
    {
        LinkKey key = Key(LinkRole.Client, SocketOwner.From(12, "curl"), SocketOwner.From(13, "httpd"));
        (Workload client, Workload server, _) = Resolve(key);
        Assert.Equal(("curl", "host", "process"), (client.Name, client.Namespace, client.Kind));
        Assert.Equal(("box", "host", "container"), (server.Name, server.Namespace, server.Kind));
        (client, server, _) = Resolve(key with { Role = LinkRole.Server });
        Assert.Equal(("box", "curl"), (client.Name, server.Name));
    }

    [Theory]
    [InlineData("fifteen-letters", "fifteen-letters")]
    [InlineData("fourteen-abcdé", "fourteen-abcdé")]
    [InlineData("fourteen-abcde名", "fourteen-abcde")]
    [InlineData("", "unknown")]
    public void Processes_go_by_their_own_name(string comm, string expected)
    {
        (Workload client, _, _) = Resolve(Key(LinkRole.Client, SocketOwner.From(12, comm)));
        Assert.Equal((expected, "process"), (client.Name, client.Kind));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_replaced()
    {
        Span<byte> comm = stackalloc byte[16];
        "a\xff\u0001b"u8.CopyTo(comm);
        comm[1] = 0xff;
        comm[2] = (byte)'x';
        var owner = new SocketOwner(0, BitConverter.ToUInt64(comm), BitConverter.ToUInt64(comm[8..]));
        (Workload client, _, _) = Resolve(Key(LinkRole.Client, owner));
        Assert.Equal("a\uFFFDx\uFFFDb", client.Name);
    }

    [Fact]
    public void A_cgroup_that_appears_late_gets_its_name_then()
    {
        LinkKey key = Key(LinkRole.Client, SocketOwner.From(99, "start"));
        (Workload client, _, bool provisional) = Resolve(key);
        Assert.Equal(("start", true), (client.Name, provisional));
        _paths.Known[99] = "/system.slice/late.service";
        Assert.Equal("start", Resolve(key).Client.Name);
        _time.Advance(TimeSpan.FromSeconds(1));
        (client, _, provisional) = Resolve(key);
        Assert.Equal(("late.service", false), (client.Name, provisional));
        Assert.Equal(0ul, _names.UnresolvedEnds);
    }

    [Fact]
    public void The_search_for_a_cgroup_ends_and_is_counted()
    {
        LinkKey key = Key(LinkRole.Client, SocketOwner.From(99, "start"));
        bool provisional = true;
        for (int i = 0; i < 100; i++)
        {
            provisional = Resolve(key).Provisional;
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(provisional);
        Assert.Equal(8, _paths.Lookups);
        Assert.Equal(1ul, _names.UnresolvedEnds);
    }

    [Fact]
    public void An_owner_that_is_not_tracked_is_counted()
    {
        Assert.Equal("unknown", Resolve(Key(LinkRole.Client, default)).Client.Name);
        Assert.Equal(1ul, _names.UnresolvedEnds);
        Assert.Equal(0, _paths.Lookups);
    }

    [Fact]
    public void Strangers_cannot_fill_the_memory()
    {
        for (int i = 0; i < 100; i++)
        {
            Resolve(Key(LinkRole.Server, SocketOwner.From(10, "nginx")) with { RemoteAddress = Address($"192.0.2.{i}") });
        }

        Assert.Equal(5, _workloads.Count);      // nginx.service, three addresses, the rest
        Assert.Equal(97ul, _names.FoldedEnds);
        Workload other = Resolve(Key(LinkRole.Server, default) with { RemoteAddress = Address("2001:db8::1") }).Client;
        Assert.Equal(("other", "external", "external"), (other.Name, other.Namespace, other.Kind));
        Workload known = Resolve(Key(LinkRole.Server, default) with { RemoteAddress = Address("192.0.2.1") }).Client;
        Assert.Equal("192.0.2.1", known.Name);
    }

    [Fact]
    public void Units_that_live_for_one_job_cannot_fill_the_memory()
    {
        for (ulong id = 100; id < 200; id++)
        {
            _paths.Known[id] = $"/system.slice/run-u{id}.service";
            _names.Local(id, 0, 0, out _);
        }

        Workload other = _workloads[_names.Local(199, 0, 0, out _)];
        Assert.Equal(("other", "host", "unit"), (other.Name, other.Namespace, other.Kind));
        Assert.Equal("run-u100.service", _workloads[_names.Local(100, 0, 0, out _)].Name);
        Assert.Equal(4, _workloads.Count);
        Assert.Equal(97ul, _names.FoldedEnds);
    }

    [Fact]
    public void Known_ends_are_found_without_allocating_and_without_asking_again()
    {
        LinkKey key = Key(LinkRole.Client, SocketOwner.From(10, "nginx"), SocketOwner.From(12, "curl"));
        _resolver.Resolve(key);
        int lookups = _paths.Lookups;
        long allocated = Allocated.By(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                _resolver.Resolve(key);
            }
        });
        Assert.Equal(0, allocated);
        Assert.Equal(lookups, _paths.Lookups);
    }

    [Fact]
    public void Names_survive_the_caches_being_dropped()
    {
        int nginx = _names.Local(10, 0, 0, out _);
        for (ulong id = 100; id < 40_000; id++)
        {
            _paths.Known[id] = "/";
            _names.Local(id, id, 0x41, out _);
        }

        Assert.Equal(nginx, _names.Local(10, 0, 0, out _));
    }

    private static NetAddress Address(string text) => NetAddress.From(IPAddress.Parse(text));

    private static LinkKey Key(LinkRole role, SocketOwner local, SocketOwner? remote = null) =>
        new(Address("10.0.0.1"), Address("192.0.2.7"), local, remote ?? default, 80, role,
            remote is null ? LinkKeyFlags.None : LinkKeyFlags.PeerKnown);

    private (Workload Client, Workload Server, bool Provisional) Resolve(LinkKey key)
    {
        LinkEnds ends = _resolver.Resolve(key);
        return (_workloads[ends.Client], _workloads[ends.Server], ends.Provisional);
    }

    private sealed class FakePaths : ICgroupPaths
    {
        public Dictionary<ulong, string> Known { get; } = [];

        public int Lookups { get; private set; }

        public bool TryGetPath(ulong id, [NotNullWhen(true)] out string? path)
        {
            Lookups++;
            return Known.TryGetValue(id, out path);
        }
    }

    private sealed class FakeTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
