using System.Globalization;
using System.Text.Json;

using Caretta.Traffic.Reports;

namespace Caretta.Map.Tests.Support;

/// <summary>One link of a map. Equal when all numbers are.</summary>
internal readonly record struct LinkSums(double ToServer, double ToClient, double Opened, double Closed, double Failed, double Open)
{
    /// <summary>The larger of both in each, as the ends of a link are joined.</summary>
    private LinkSums Join(LinkSums other) => new(
        Math.Max(ToServer, other.ToServer),
        Math.Max(ToClient, other.ToClient),
        Math.Max(Opened, other.Opened),
        Math.Max(Closed, other.Closed),
        Math.Max(Failed, other.Failed),
        Math.Max(Open, other.Open));

    /// <summary>What a map should show of links to a port: what pages say, added up by end, less what other pages said, and joined.</summary>
    public static SortedDictionary<string, LinkSums> Expect(int port, MetricsPage[] plus, params MetricsPage[] minus)
    {
        Dictionary<(string Link, string Role), LinkSums> ends = [];
        foreach ((MetricsPage page, int sign) in plus.Select(static page => (page, 1)).Concat(minus.Select(static page => (page, -1))))
        {
            foreach (Sample sample in page.Samples.Where(sample => sample.Label("server_port") == port.ToString(CultureInfo.InvariantCulture)))
            {
                string role = sample.Label("role");
                string link = $"{End(sample, "client")} > {End(sample, "server")}";
                LinkSums sums = ends.GetValueOrDefault((link, role));
                double value = sample.Value * sign;
                ends[(link, role)] = (sample.Name, role) switch
                {
                    ("caretta_links_observed", "1") or ("caretta_link_received_bytes_total", "2") => sums with { ToServer = sums.ToServer + value },
                    ("caretta_links_observed", "2") or ("caretta_link_received_bytes_total", "1") => sums with { ToClient = sums.ToClient + value },
                    ("caretta_link_connections_opened_total", _) => sums with { Opened = sums.Opened + value },
                    ("caretta_link_connections_closed_total", _) => sums with { Closed = sums.Closed + value },
                    ("caretta_link_connections_failed_total", _) => sums with { Failed = sums.Failed + value },
                    ("caretta_link_connections", _) when sign > 0 => sums with { Open = sums.Open + value },
                    _ => sums,
                };
            }
        }

        SortedDictionary<string, LinkSums> links = new(StringComparer.Ordinal);
        foreach (((string link, _), LinkSums sums) in ends)
        {
            links[link] = links.TryGetValue(link, out LinkSums other) ? other.Join(sums) : sums;
        }

        return links;

        static string End(Sample sample, string end) => $"{sample.Label(end + "_name")}/{sample.Label(end + "_namespace")}/{sample.Label(end + "_kind")}";
    }

    /// <summary>What a map shows of links to a port.</summary>
    public static SortedDictionary<string, LinkSums> Read(JsonElement map, int port)
    {
        JsonElement nodes = map.GetProperty("nodes");
        SortedDictionary<string, LinkSums> links = new(StringComparer.Ordinal);
        foreach (JsonElement link in map.GetProperty("links").EnumerateArray().Where(link => link.GetProperty("port").GetInt32() == port))
        {
            links.Add($"{Name("client")} > {Name("server")}", new LinkSums(
                Number("bytesToServer"), Number("bytesToClient"), Number("opened"), Number("closed"), Number("failed"), Number("open")));

            double Number(string name) => link.GetProperty(name).GetDouble();

            string Name(string end)
            {
                JsonElement node = nodes[link.GetProperty(end).GetInt32()];
                return $"{node.GetProperty("name").GetString()}/{node.GetProperty("namespace").GetString()}/{node.GetProperty("kind").GetString()}";
            }
        }

        return links;
    }

    /// <summary>For comparison and for messages.</summary>
    public static string Show(SortedDictionary<string, LinkSums> links) => string.Join('\n', links.Select(static link => $"{link.Key}: {link.Value}"));
}
