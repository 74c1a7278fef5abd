using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Caretta.Aot.Identity;
using Caretta.Aot.Map;
using Caretta.Aot.Snapshots;
using Caretta.Aot.Tests.Http;
using Xunit;

namespace Caretta.Aot.Tests.Map;

/// <summary>Snapshots in, JSON out.</summary>
public sealed class NodeMapTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_000_000);

    private static readonly AgentFacts Facts = new()
    {
        Version = "1.2.3",
        Kernel = "6.18",
        Tier = "main",
        StartTime = Start,
    };

    private readonly SnapshotExchange _exchange = new(Facts);
    private readonly LinkColumns _links = new();
    private readonly WorkloadTable _workloads = new();
    private readonly AgentHealth _health = new(Facts);
    private readonly NodeMap _map;

    public NodeMapTests() => _map = new NodeMap(_exchange, "node-1", TimeSpan.FromSeconds(5), hasStore: true);

    [Fact]
    public void Both_ends_accounts_are_joined_and_the_larger_counts()
    {
        int web = _workloads.Intern("web", "shop", "Deployment");
        int db = _workloads.Intern("db", "shop", "StatefulSet", "owner");
        Set(web, db, 5432, 1, sent: 100, received: 900, opened: 3, open: 2, first: 10, last: 20);
        Set(web, db, 5432, 2, sent: 950, received: 90, opened: 2, open: 1, first: 5, last: 30);
        Set(db, web, 80, 2, sent: 7, received: 8, opened: 1, open: 0, first: 6, last: 6);
        Publish(tenths: 100);

        JsonElement answer = Read();

        JsonElement[] links = [.. answer.GetProperty("links").EnumerateArray()];
        Assert.Equal(2, links.Length);
        Assert.Equal("both", links[0].GetProperty("seenBy").GetString());
        Assert.Equal(100, links[0].GetProperty("bytesToServer").GetInt64());
        Assert.Equal(950, links[0].GetProperty("bytesToClient").GetInt64());
        Assert.Equal(3, links[0].GetProperty("opened").GetInt64());
        Assert.Equal(2, links[0].GetProperty("open").GetInt64());
        Assert.Equal(1_000_000.5, links[0].GetProperty("firstSeen").GetDouble());
        Assert.Equal(1_000_003, links[0].GetProperty("lastSeen").GetDouble());
        Assert.Equal("server", links[1].GetProperty("seenBy").GetString());
        Assert.Equal(8, links[1].GetProperty("bytesToServer").GetInt64());
        JsonElement[] nodes = [.. answer.GetProperty("nodes").EnumerateArray()];
        Assert.Equal(2, nodes.Length);
        Assert.Equal("owner", nodes[1].GetProperty("owner").GetString());
        Assert.False(nodes[0].TryGetProperty("owner", out _));
        Assert.Equal("node-1", answer.GetProperty("agents")[0].GetProperty("node").GetString());
        Assert.Equal("1.2.3", answer.GetProperty("agents")[0].GetProperty("agentVersion").GetString());
    }

    [Fact]
    public void Rates_are_since_the_sample_before_also_where_rows_have_moved()
    {
        int a = _workloads.Intern("a", "host", "unit");
        int b = _workloads.Intern("b", "host", "unit");
        Set(a, b, 1, 1, sent: 1_000, received: 0, opened: 1, open: 1, first: 0, last: 0);
        Set(a, b, 2, 1, sent: 2_000, received: 0, opened: 1, open: 1, first: 0, last: 0);
        Set(a, b, 3, 1, sent: 3_000, received: 0, opened: 1, open: 1, first: 0, last: 0);
        Publish(tenths: 100);
        JsonElement first = Read();
        Assert.Equal(0, first.GetProperty("rateSeconds").GetDouble());
        Assert.Equal(100, Link(first, 1).GetProperty("bytesToServerPerSecond").GetDouble());

        _links.RemoveBySwap(0);
        _links.SentBytes[0] += 500;     // port 3, which took the place of port 1
        _links.SentBytes[1] = 40;       // port 2 began anew
        Publish(tenths: 150);
        JsonElement second = Read();

        Assert.Equal(5, second.GetProperty("rateSeconds").GetDouble());
        Assert.Equal(100, Link(second, 3).GetProperty("bytesToServerPerSecond").GetDouble());
        Assert.Equal(8, Link(second, 2).GetProperty("bytesToServerPerSecond").GetDouble());
        Assert.Equal(2, second.GetProperty("links").GetArrayLength());
    }

    [Fact]
    public void A_number_that_means_another_workload_by_now_is_another_link()
    {
        int a = _workloads.Intern("a", "host", "unit");
        int b = _workloads.Intern("b", "host", "unit");
        Set(a, b, 1, 1, sent: 1_000, received: 0, opened: 1, open: 1, first: 0, last: 0);
        Publish(tenths: 100);
        Read();
        var used = new WorkloadSet();
        used.Add(a);
        _workloads.ReleaseOthers(used);
        Assert.Equal(b, _workloads.Intern("c", "host", "unit"));
        _links.SentBytes[0] = 1_500;
        Publish(tenths: 200);

        JsonElement answer = Read();

        Assert.Equal("c", answer.GetProperty("nodes")[1].GetProperty("name").GetString());
        Assert.Equal(150, Link(answer, 1).GetProperty("bytesToServerPerSecond").GetDouble());
    }

    [Fact]
    public void Names_from_strangers_cannot_end_a_string_a_script_or_a_line()
    {
        string hostile = "\"</script><img src=x onerror=alert(1)>\u202e\u2066'`&" + new string('x', 253);
        int a = _workloads.Intern(hostile, "ns\\", "kind\t");
        Set(a, a, 1, 1, sent: 1, received: 0, opened: 1, open: 1, first: 0, last: 0);
        Publish(tenths: 1);
        Assert.True(_map.Update());
        var output = new ArrayBufferWriter<byte>();
        MapJson.Write(_map.Map, output);
        string text = Encoding.UTF8.GetString(output.WrittenSpan);

        Assert.DoesNotContain(text, static unit => unit is '<' or '>' or '&' or '\'' or '\n' or '\u202e' or > '~');
        Assert.Equal(hostile, JsonDocument.Parse(text).RootElement.GetProperty("nodes")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void Beyond_the_limit_the_smallest_go_and_their_nodes()
    {
        int hub = _workloads.Intern("hub", "host", "unit");
        for (int i = 0; i < LinkMap.MaxLinks + 10; i++)
        {
            int other = _workloads.Intern($"w{i}", "host", "unit");
            Set(other, hub, 80, 1, sent: (ulong)(i + 1), received: 0, opened: 1, open: 1, first: 0, last: 0);
        }

        Publish(tenths: 100);
        JsonElement answer = Read();

        Assert.Equal(10, answer.GetProperty("omittedLinks").GetInt32());
        Assert.Equal(LinkMap.MaxLinks, answer.GetProperty("links").GetArrayLength());
        Assert.Equal(LinkMap.MaxLinks + 1, answer.GetProperty("nodes").GetArrayLength());
        JsonElement first = answer.GetProperty("links")[0];
        Assert.Equal(11, first.GetProperty("bytesToServer").GetInt64());
        Assert.Equal("w10", answer.GetProperty("nodes")[first.GetProperty("client").GetInt32()].GetProperty("name").GetString());
    }

    [Fact]
    public void One_rendering_serves_all_and_is_forgotten_when_nobody_asks()
    {
        var time = new FakeTime();
        int a = _workloads.Intern("a", "host", "unit");
        Set(a, a, 1, 1, sent: 1, received: 0, opened: 1, open: 1, first: 0, last: 0);
        Publish(tenths: 10);
        using var answers = new MapAnswers(() => _map, time);
        for (int viewer = 0; viewer < 100; viewer++)
        {
            Assert.Equal(1, Unpack(answers.GetLinks()).GetProperty("links").GetArrayLength());
        }

        Assert.Equal(1, answers.Rendered);
        Publish(tenths: 20);
        answers.GetLinks();
        Assert.Equal(1, answers.Rendered);      // not a second old
        time.Advance(TimeSpan.FromSeconds(1));
        answers.GetLinks();
        Assert.Equal(2, answers.Rendered);
        time.Advance(MapAnswers.Patience - TimeSpan.FromSeconds(1));
        Assert.True(answers.IsAwake);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(answers.IsAwake);
        for (int poll = 0; poll < 10; poll++)
        {
            Publish(tenths: 30);
        }

        Assert.InRange(_exchange.BufferCount, 1, 3);
        Assert.Equal(2, answers.Rendered);
        Assert.Equal(0, Unpack(answers.GetLinks()).GetProperty("rateSeconds").GetDouble());
    }

    private static JsonElement Unpack(Caretta.Aot.Http.HttpDocument document)
    {
        using var gzip = new GZipStream(new MemoryStream(document.Gzip.ToArray()), CompressionMode.Decompress);
        return JsonDocument.Parse(gzip).RootElement;
    }

    private static JsonElement Link(JsonElement answer, int port) =>
        answer.GetProperty("links").EnumerateArray().Single(link => link.GetProperty("port").GetInt32() == port);

    private JsonElement Read()
    {
        Assert.True(_map.Update());
        Assert.False(_map.Update());
        var output = new ArrayBufferWriter<byte>();
        MapJson.Write(_map.Map, output);
        return JsonDocument.Parse(output.WrittenMemory).RootElement;
    }

    private void Set(int client, int server, ushort port, byte role, ulong sent, ulong received, ulong opened, long open, uint first, uint last)
    {
        int link = _links.Add(new LinkIdentity(client, server, port, role));
        _links.SentBytes[link] = sent;
        _links.ReceivedBytes[link] = received;
        _links.Opened[link] = opened;
        _links.Open[link] = open;
        _links.FirstSeen[link] = first;
        _links.LastSeen[link] = last;
    }

    private void Publish(uint tenths)
    {
        _links.Now = tenths;
        _links.WallTime = Start.AddSeconds(tenths / 10.0);
        _exchange.Publish(_links, _workloads, _health);
    }
}
