using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Metrics;

/// <summary>The families with one series per link: which exist, what they are called, and which value each shows.</summary>
internal static class LinkFamily
{
    // Values of caretta_tcp_states that users know.
    private const ulong OpenSeenByClient = 3;
    private const ulong AcceptedByServer = 4;
    private const ulong Closed = 5;

    private const byte ClientRole = 1;

    /// <summary>Families in the order of the page.</summary>
    private static readonly (LinkFamilies Flag, MetricFamily Family)[] Known =
    [
        (LinkFamilies.LinksObserved, new MetricFamily("caretta_links_observed", MetricType.Gauge,
            "Bytes sent by the side that role names (1 client, 2 server), over all connections of the link since the launch of the agent. "
            + "Retransmissions do not count.")),
        (LinkFamilies.TcpStates, new MetricFamily("caretta_tcp_states", MetricType.Gauge,
            "3 (role client) or 4 (role server) while any connection of the link is open, 5 while none is.")),
        (LinkFamilies.ReceivedBytes, new MetricFamily("caretta_link_received_bytes_total", MetricType.Counter,
            "Bytes received by the side that role names, over all connections of the link since the launch of the agent.")),
        (LinkFamilies.ConnectionsOpened, new MetricFamily("caretta_link_connections_opened_total", MetricType.Counter,
            "Connections of the link established since the launch of the agent.")),
        (LinkFamilies.ConnectionsClosed, new MetricFamily("caretta_link_connections_closed_total", MetricType.Counter,
            "Connections of the link closed since the launch of the agent, those opened before it included.")),
        (LinkFamilies.ConnectionsFailed, new MetricFamily("caretta_link_connections_failed_total", MetricType.Counter,
            "Connects that never became a connection. Links without any have no sample.")),
        (LinkFamilies.Connections, new MetricFamily("caretta_link_connections", MetricType.Gauge,
            "Connections of the link that are open now.")),
    ];

    /// <summary>Number of families that exist.</summary>
    public static int Count => Known.Length;

    /// <summary>Names of all families, separated by a comma and a space.</summary>
    public static string Names => string.Join(", ", Known.Select(known => known.Family.Name));

    /// <summary>Which family is at <paramref name="index"/>.</summary>
    public static LinkFamilies FlagAt(int index) => Known[index].Flag;

    /// <summary>The family at <paramref name="index"/>.</summary>
    public static MetricFamily At(int index) => Known[index].Family;

    /// <summary>Reads one family's value of one link.</summary>
    /// <returns>False when the link has no sample in this family.</returns>
    public static bool TryGetValue(LinkFamilies family, LinkColumns links, int link, out ulong value)
    {
        switch (family)
        {
            case LinkFamilies.LinksObserved:
                value = links.SentBytes[link];
                return true;
            case LinkFamilies.TcpStates:
                value = links.Open[link] <= 0 ? Closed : links.Identities[link].Role == ClientRole ? OpenSeenByClient : AcceptedByServer;
                return true;
            case LinkFamilies.ReceivedBytes:
                value = links.ReceivedBytes[link];
                return true;
            case LinkFamilies.ConnectionsOpened:
                value = links.Opened[link];
                return true;
            case LinkFamilies.ConnectionsClosed:
                value = links.Closed[link];
                return true;
            case LinkFamilies.ConnectionsFailed:
                value = links.Failed[link];
                return value != 0;
            case LinkFamilies.Connections:
                value = (ulong)Math.Max(0, links.Open[link]);
                return true;
            default:
                value = 0;
                return false;
        }
    }

    /// <summary>Reads a selection: full metric names separated by commas, or <c>all</c>.</summary>
    /// <returns>False when a name is unknown or missing; <paramref name="unknown"/> is that name.</returns>
    public static bool TryParseSelection(string text, out LinkFamilies families, out string unknown)
    {
        families = LinkFamilies.None;
        foreach (string part in text.Split(','))
        {
            string name = part.Trim(' ');
            LinkFamilies flag = Find(name);
            if (flag == LinkFamilies.None)
            {
                unknown = name;
                return false;
            }

            families |= flag;
        }

        unknown = "";
        return true;
    }

    private static LinkFamilies Find(string name)
    {
        foreach ((LinkFamilies flag, MetricFamily family) in Known)
        {
            if (family.Name == name)
            {
                return flag;
            }
        }

        return name == "all" ? LinkFamilies.All : LinkFamilies.None;
    }
}
