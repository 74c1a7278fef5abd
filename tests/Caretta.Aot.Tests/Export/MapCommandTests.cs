using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Caretta.Aot.Export;
using Xunit;

namespace Caretta.Aot.Tests.Export;

/// <summary>What <c>caretta map</c> reads and writes.</summary>
public sealed class MapCommandTests
{
    private const string Answer = """
        {"version":1,"scope":"node","time":1000.5,"from":100,"to":1000.5,"rateSeconds":5,"store":false,"omittedLinks":0,"later":{"a":[1]},
         "agents":[{"node":"node-a","tier":"main","startTime":100,"lostUpdates":0,"up":true}],
         "nodes":[{"name":"web","namespace":"shop","kind":"Deployment"},{"name":"db","namespace":"shop","kind":"Service"},
          {"name":"203.0.113.7","namespace":"external","kind":"external"},{"name":"coredns","namespace":"kube-system","kind":"Deployment"},
          {"name":"caretta","namespace":"watch","kind":"DaemonSet"}],
         "links":[
          {"client":0,"server":1,"port":5432,"seenBy":"both","bytesToServer":1234,"bytesToClient":5678901,"bytesToServerPerSecond":12.5,
           "bytesToClientPerSecond":340.25,"opened":10,"closed":9,"failed":0,"open":1,"openedPerSecond":0.2,"failedPerSecond":0,"firstSeen":101,"lastSeen":999},
          {"client":0,"server":2,"port":443,"seenBy":"client","bytesToServer":5,"bytesToClient":0,"opened":0,"closed":0,"failed":3,"open":0,"firstSeen":990,"lastSeen":999},
          {"client":0,"server":3,"port":53,"seenBy":"client","bytesToServer":7,"bytesToClient":7,"opened":1,"firstSeen":990,"lastSeen":999},
          {"client":4,"server":0,"port":80,"seenBy":"client","bytesToServer":7,"bytesToClient":7,"opened":1,"firstSeen":990,"lastSeen":999}]}
        """;

    // Whatever a name could do to a terminal, a spreadsheet, a graph or a page.
    private static readonly string[] HostileNames =
    [
        "\u001b[2Jgone", "=cmd|'/C calc'!A0", "a\"b];x[", "<script>alert(1)</script>", "line\nbreak\r", "\u202etxt.exe", "back\\slash\\", "end\nsubgraph x", "#quot;",
        new string('n', 253), "日本語の名前", "click n0 href \"javascript:x\"", "-1+1", "a,b", "\u009b31m", "%%{init}%%", "]]", "``", "",
    ];

    [Fact]
    public void A_table_has_readable_units_and_leaves_the_system_out()
    {
        (string text, List<string> remarks) = Render(Answer);
        Assert.Equal(
            """
            CLIENT    SERVER       PORT  TO SERVER  TO CLIENT  BYTES/S  OPEN  CONNS  FAILED
            shop/web  shop/db      5432    1.23 KB    5.68 MB    353 B     1     10       0
            shop/web  203.0.113.7   443        5 B        0 B      0 B     0      0       3

            """,
            text);
        Assert.Equal("2 links of the system's and Caretta's own namespaces are left out; --system shows them", Assert.Single(remarks));
    }

    [Theory]
    [InlineData("--system", "5432 53 80 443")]
    [InlineData("--failing", "443")]
    [InlineData("--external", "443")]
    [InlineData("--port 5432", "5432")]
    [InlineData("--port 5432 --port 443", "5432 443")]
    [InlineData("--kind Service", "5432")]
    [InlineData("--name DB", "5432")]
    [InlineData("--new 30s", "443")]
    [InlineData("--namespace kube-system", "53")]
    [InlineData("--sort name", "443 5432")]
    [InlineData("--sort failed --limit 1", "443")]
    [InlineData("--name nobody", "")]
    public void Filters_keep_what_is_asked_for(string flags, string ports)
    {
        JsonNode json = JsonNode.Parse(Render(Answer, [.. flags.Split(' '), "--format", "json"]).Text)!;
        Assert.Equal(ports, string.Join(' ', json["links"]!.AsArray().Select(static link => (int)link!["port"]!)));
    }

    [Fact]
    public void Json_is_what_the_api_says_and_can_be_read_again()
    {
        string text = Render(Answer, "--format", "json", "--system").Text;
        SeenMap first = SeenMapReader.Parse(Encoding.UTF8.GetBytes(Answer));
        SeenMap again = SeenMapReader.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Equal(first.Links.OrderBy(static link => link.Port), again.Links.OrderBy(static link => link.Port));
        Assert.Equal(first.Agents, again.Agents);
        Assert.True((bool)JsonNode.Parse(text)!["agents"]![0]!["up"]!);
        Assert.Equal(text, Render(text, "--format", "json", "--system").Text);
    }

    [Fact]
    public void Csv_has_exact_numbers() => Assert.StartsWith(
        "client_namespace,client_name,client_kind,server_namespace,server_name,server_kind,port,seen_by,bytes_to_server,bytes_to_client,"
        + "bytes_to_server_per_second,bytes_to_client_per_second,opened,closed,failed,open,first_seen,last_seen\r\n"
        + "shop,web,Deployment,shop,db,Service,5432,both,1234,5678901,12.5,340.25,10,9,0,1,101,999\r\n",
        Render(Answer, "--format", "csv").Text,
        StringComparison.Ordinal);

    [Fact]
    public void Graphs_join_the_ports_of_a_pair()
    {
        SeenMap map = SeenMapReader.Parse(Encoding.UTF8.GetBytes(Answer));
        map = map with { Links = [.. map.Links, map.Links[0] with { Port = 5433 }] };
        Assert.Contains("n2 -> n1 [label=\"5432, 5433 · 11.4 MB\"", Render(map, null, "--format", "dot").Text, StringComparison.Ordinal);
        Assert.Contains("  n2 -->|\"5432, 5433 · 11.4 MB\"| n1\n", Render(map, null, "--format", "mermaid").Text, StringComparison.Ordinal);
        Assert.Contains("  linkStyle 0 stroke:#cf222e\n", Render(map, null, "--format", "mermaid").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_tells_new_gone_grown_shrunk_and_same()
    {
        SeenMap now = SeenMapReader.Parse(Encoding.UTF8.GetBytes(Answer));
        SeenLink link = now.Links[0];
        now = now with
        {
            Links = [Rate(1, 100), Rate(2, 200), Rate(3, 50), Rate(4, 105)],
        };
        SeenMap before = now with { Links = [Rate(2, 100), Rate(3, 100), Rate(4, 100), Rate(5, 100)] };
        string csv = Render(now, before, "--format", "csv", "--sort", "name").Text;
        Assert.Equal(["new", "grown", "shrunk", "same", "gone"], csv.Split("\r\n")[1..^1].Select(static line => line.Split(',')[18]));
        string table = Render(now, before, "--sort", "name").Text;
        Assert.Equal(["new", "grown", "shrunk", "same", "gone"], table.Split('\n')[1..^1].Select(static line => line.Split(' ')[0]));
        JsonArray links = JsonNode.Parse(Render(now, before, "--format", "json", "--sort", "name").Text)!["links"]!.AsArray();
        Assert.Equal(["new", "grown", "shrunk", "same", "gone"], links.Select(static one => (string)one!["change"]!));
        Assert.Equal(100, (double)links[1]!["before"]!["bytesToServerPerSecond"]!);
        Assert.Contains("+1, ^2, v3, 4, -5", Render(now, before, "--format", "dot").Text, StringComparison.Ordinal);

        SeenLink Rate(int port, double rate) => link with { Port = port, BytesToServerPerSecond = rate, BytesToClientPerSecond = 0 };
    }

    [Fact]
    public void Names_from_strangers_steer_nothing()
    {
        SeenMap map = SeenMapReader.Parse(Encoding.UTF8.GetBytes(Answer));
        map = map with { Links = [.. HostileNames.Select(name => map.Links[0] with { Client = new SeenNode(name, name, name), Server = new SeenNode("external", name, "external") })] };
        foreach (string format in (string[])["table", "csv", "dot", "mermaid"])
        {
            string text = Render(map, null, "--format", format, "--system").Text;
            string allowed = format == "csv" ? "\r\n" : "\n";
            if (format != "csv")
            {
                Assert.All(text, one => Assert.True(!char.IsControl(one) || allowed.Contains(one), $"{format}: U+{(int)one:x4}"));
                Assert.DoesNotContain('\u202e', text);
            }
        }

        string csv = Render(map, null, "--format", "csv", "--system").Text;
        Assert.Contains("\"'=cmd|'/C calc'!A0\"", csv, StringComparison.Ordinal);
        Assert.Contains("\"'-1+1\"", csv, StringComparison.Ordinal);
        Assert.Contains("\"a\"\"b];x[\"", csv, StringComparison.Ordinal);

        // One node, one line: no name made another statement.
        string[] dot = Render(map, null, "--format", "dot", "--system").Text.Split('\n');
        Assert.Equal(HostileNames.Length, dot.Count(static line => line.Contains(" -> n", StringComparison.Ordinal)));
        Assert.All(dot.Where(static line => line.Contains("[label=", StringComparison.Ordinal)), static line => Assert.Equal(0, Unescaped(line) % 2));
        string[] mermaid = Render(map, null, "--format", "mermaid", "--system").Text.Split('\n');
        Assert.All(mermaid, static line => Assert.True(line.Count(static one => one == '"') is 0 or 2, line));
        Assert.DoesNotContain(mermaid, static line => line.Contains("<script", StringComparison.Ordinal) || line.Contains("%%", StringComparison.Ordinal));

        static int Unescaped(string line)
        {
            int quotes = 0;
            for (int i = 0; i < line.Length; i++)
            {
                if (line[i] == '\\')
                {
                    i++;
                }
                else if (line[i] == '"')
                {
                    quotes++;
                }
            }

            return quotes;
        }
    }

    [Theory]
    [InlineData(80)]
    [InlineData(101)]
    public void A_table_keeps_within_its_width(int width)
    {
        SeenMap map = SeenMapReader.Parse(Encoding.UTF8.GetBytes(Answer));
        map = map with { Links = [map.Links[0] with { Client = new SeenNode("shop", new string('x', 253), "Deployment"), Server = new SeenNode("shop", "日本語" + new string('y', 90), "pod") }] };
        foreach (string line in Render(map, null, "--width", width.ToString(CultureInfo.InvariantCulture)).Text.Split('\n'))
        {
            Assert.True(line.Length <= width, $"{line.Length}: {line}");
        }
    }

    [Theory]
    [InlineData("--format", "xml")]
    [InlineData("--port", "99999")]
    [InlineData("--port")]
    [InlineData("--last", "soon")]
    [InlineData("--from", "-1h", "--to", "-2h")]
    [InlineData("--from", "-1h", "--scope", "node")]
    [InlineData("--to", "now")]
    [InlineData("--diff")]
    [InlineData("--diff", "/nonexistent/file")]
    [InlineData("--diff-from", "-1h", "--scope", "cluster")]
    [InlineData("--limit", "1", "--limit", "2")]
    [InlineData("--failing=yes")]
    [InlineData("--no\u001bsuch")]
    [InlineData("a", "b")]
    [InlineData("ftp://a")]
    [InlineData("http://user:secret@a/")]
    [InlineData("--format", "networkpolicy", "--port", "80")]
    [InlineData("--store", "vm:8428")]
    [InlineData("--store", "http://vm:8428/?query=up")]
    [InlineData("--store", "http://vm:8428", "--scope", "node")]
    [InlineData("--store", "http://vm:8428", "http://agent:7117")]
    public async Task Wrong_arguments_are_one_clear_line_and_exit_code_2(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        Assert.Equal(2, await MapCommand.RunAsync(arguments, output, errors, NoStore, 0, TestContext.Current.CancellationToken));
        Assert.Equal("", output.ToString());
        Assert.Matches(@"^caretta: [^\r\n\x1b]+\n$", errors.ToString());
    }

    [Fact]
    public void A_store_is_asked_for_the_cluster()
    {
        MapOptions options = MapOptions.Parse(["--store", "https://user:secret@vm/select/0/prometheus", "--last", "1h"], DateTimeOffset.UnixEpoch.AddDays(1));
        Assert.Equal("https://user:secret@vm/select/0/prometheus", options.Store);
        Assert.True(options.IsCluster);
        Assert.Equal((82_800.0, 86_400.0), (options.From, options.To));
    }

    [Fact]
    public async Task A_store_that_is_away_is_one_line_and_exit_code_1()
    {
        int port = FreePort();
        string complaint = await FailAsync(["--store", $"http://user:secret@127.0.0.1:{port}"]);
        Assert.Matches(@"^caretta: map: the store at http://127\.0\.0\.1:\d+ cannot be reached: Connection refused[^\r\n]* \(see --store\)\n$", complaint);
        Assert.DoesNotContain("secret", complaint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_is_away_is_one_line_and_exit_code_1() => Assert.Matches(
        @"^caretta: map: http://127\.0\.0\.1:\d+/: Connection refused[^\r\n]*; is an agent running there\? --agent names another\n$",
        await FailAsync([$"127.0.0.1:{FreePort()}"]));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"version":2,"scope":"node","nodes":[],"links":[]}""")]
    [InlineData("""{"version":1,"scope":"node","nodes":[],"links":[{"client":0,"server":0,"port":1}]}""")]
    [InlineData("""{"version":1,"scope":"node","nodes":[{"name":"a"}],"links":[]}""")]
    [InlineData("""{"version":1,"scope":"node","nodes":[],"links":[]} x""")]
    [InlineData("""{"version":1,"scope":"node","nodes":{},"links":[]}""")]
    [InlineData("""{"version":1,"scope":"node","nodes":[],"links":[{"client":0,"server":0,"port":70000}]}""")]
    [InlineData("""{"version":1,"scope":"node","from":1e999,"nodes":[],"links":[]}""")]
    public void What_is_no_answer_is_refused_in_one_line(string json)
    {
        FormatException refused = Assert.Throws<FormatException>(() => SeenMapReader.Parse(Encoding.UTF8.GetBytes(json)));
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void Every_prefix_of_an_answer_is_refused()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Answer);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<FormatException>(() => SeenMapReader.Parse(bytes.AsSpan(0, length)));
        }
    }

    [Theory]
    [InlineData("2026-03-01T12:00:00Z", 1772366400)]
    [InlineData("2026-03-01T13:00:00+01:00", 1772366400)]
    [InlineData("2026-03-01", 1772323200)]
    [InlineData("1772366400", 1772366400)]
    [InlineData("now", 1000)]
    [InlineData("-90s", 910)]
    [InlineData("5", null)]
    [InlineData("1/2/2026", null)]
    [InlineData("-1y", null)]
    [InlineData("-0s", null)]
    public void Times_are_read_in_the_forms_that_help_names(string text, int? seconds) =>
        Assert.Equal((double?)seconds, MapTime.ParseTime(text, DateTimeOffset.FromUnixTimeSeconds(1000)));

    private static (string Text, List<string> Remarks) Render(string json, params string[] arguments) =>
        Render(SeenMapReader.Parse(Encoding.UTF8.GetBytes(json)), null, arguments);

    private static (string Text, List<string> Remarks) Render(SeenMap map, SeenMap? before, params string[] arguments)
    {
        MapOptions options = MapOptions.Parse(arguments, DateTimeOffset.UnixEpoch);
        List<string> remarks = [];
        return (MapCommand.Render(options, map, before, options.Width ?? 0, remarks), remarks);
    }

    private static int FreePort()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        return ((IPEndPoint)free.LocalEndpoint).Port;
    }

    // What it complains of when there is no answer.
    private static async Task<string> FailAsync(string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        Assert.Equal(1, await MapCommand.RunAsync(arguments, output, errors, static url => new StoreSource(url), 0, TestContext.Current.CancellationToken));
        Assert.Equal("", output.ToString());
        return errors.ToString();
    }

    private static StoreSource NoStore(string url) => throw new InvalidOperationException($"{url} is not to be asked");
}
