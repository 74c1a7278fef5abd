using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using Caretta.Aot.Host;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Aot.Metrics;
using Caretta.Aot.Snapshots;
using Xunit;

namespace Caretta.Aot.Tests;

/// <summary>From what the kernel drains to the page that is scraped, with nothing in between replaced.</summary>
public sealed class HostModeTests
{
    private static readonly AgentFacts Facts = new() { Version = "1", Kernel = "6", Tier = "main", StartTime = DateTimeOffset.UnixEpoch };

    private readonly WorkloadTable _workloads = new();
    private readonly AgentHealth _health = new(Facts);
    private readonly SnapshotExchange _exchange = new(Facts);
    private readonly MetricsPagePool _pages;
    private readonly LinkTable _table;
    private readonly ArrayBufferWriter<byte> _page = new(64 * 1024);

    public HostModeTests()
    {
        _pages = new MetricsPagePool(_exchange, new MetricsLayout(Facts, LinkFamilies.LinksObserved));
        var names = new HostNames(_workloads, new Paths(), new ContainerNames("/nonexistent"), TimeProvider.System);
        _table = new LinkTable(new HostResolver(names));
    }

    [Fact]
    public void Both_ends_of_a_loopback_connection_are_named_and_seen_from_either_side()
    {
        SocketOwner nginx = SocketOwner.From(1, "nginx");
        SocketOwner curl = SocketOwner.From(2, "curl");
        var client = new LinkKey(Address("127.0.0.1"), Address("127.0.0.1"), curl, nginx, 80, LinkRole.Client, LinkKeyFlags.PeerKnown);
        LinkKey server = client with { LocalOwner = nginx, RemoteOwner = curl, Role = LinkRole.Server };
        Poll([client, server], [new(78, 4096, 1, 0, 0, 0), new(4096, 78, 1, 0, 0, 0)]);

        (Workload curlEnd, Workload nginxEnd) = (_workloads[0], _workloads[1]);
        uint hash = Fnv1a.Continue(Fnv1a.OffsetBasis, "curlhostnginx.servicehost"u8);
        string Line(uint role, ulong bytes) =>
            $"caretta_links_observed{{client_id=\"{curlEnd.Id}\",client_kind=\"process\",client_name=\"curl\",client_namespace=\"host\","
            + $"link_id=\"{hash + role}\",role=\"{role}\",server_id=\"{nginxEnd.Id}\",server_kind=\"unit\",server_name=\"nginx.service\","
            + $"server_namespace=\"host\",server_port=\"80\"}} {bytes}";
        Assert.Equal([Line(1, 78), Line(2, 4096)], Scrape());
    }

    [Fact]
    public void Bytes_of_many_polls_add_up_to_the_byte()
    {
        var random = new Random(5);
        var key = new LinkKey(Address("10.0.0.1"), Address("2001:db8::1"), SocketOwner.From(1, "nginx"), default, 443, LinkRole.Client, 0);
        ulong sum = 0;
        for (int poll = 0; poll < 1000; poll++)
        {
            ulong bytes = (ulong)random.NextInt64(1L << 40);
            sum += bytes;
            Poll([key], [new(bytes, 0, 1, 1, 0, 0)]);
        }

        Assert.EndsWith(
            $"server_name=\"2001:db8::1\",server_namespace=\"external\",server_port=\"443\"}} {sum}",
            Assert.Single(Scrape()), StringComparison.Ordinal);
    }

    private static NetAddress Address(string text) => NetAddress.From(IPAddress.Parse(text));

    private void Poll(ReadOnlySpan<LinkKey> keys, ReadOnlySpan<LinkDelta> deltas)
    {
        _table.Apply(keys, deltas);
        _table.EndPoll();
        _exchange.Publish(_table.Columns, _workloads, _health);
    }

    private string[] Scrape()
    {
        MetricsPage page = _pages.Rent(ExpositionFormat.PrometheusText);
        while (page.WriteNext(_page))
        {
        }

        _pages.Return(page);
        string[] lines = Encoding.UTF8.GetString(_page.WrittenSpan).Split('\n');
        return [.. lines.Where(line => line.StartsWith("caretta_links", StringComparison.Ordinal))];
    }

    private sealed class Paths : ICgroupPaths
    {
        public bool TryGetPath(ulong id, [NotNullWhen(true)] out string? path)
        {
            path = id == 1 ? "/system.slice/nginx.service" : "/user.slice/user-1000.slice/session-1.scope";
            return true;
        }
    }
}
