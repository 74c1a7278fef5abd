using System.Globalization;
using System.Text;

namespace Caretta.Aot.Store;

/// <summary>
/// The only questions that are ever asked, in PromQL that Prometheus and VictoriaMetrics answer alike. Growth is made of differences of
/// real samples: <c>increase()</c> extrapolates in the one, and neither counts what a series held when it appeared.
/// </summary>
internal static class StoreQueries
{
    /// <summary>Labels of a series that tell links apart, in the order of <see cref="LinkSeries"/>.</summary>
    public const string LinkLabels =
        "client_name,client_namespace,client_kind,client_owner,server_name,server_namespace,server_kind,server_port,role";

    // How old a sample may be and still stand for the beginning of a range. As Prometheus' own.
    private const long LookbackMs = 300_000;

    private const string LinksObserved = "caretta_links_observed";
    private const string Received = "caretta_link_received_bytes_total";
    private const string Opened = "caretta_link_connections_opened_total";
    private const string Failed = "caretta_link_connections_failed_total";
    private const string Open = "caretta_link_connections";
    private const string StartTime = "caretta_agent_start_time_seconds";

    private static readonly string[] Families = [LinksObserved, Received, Opened, "caretta_link_connections_closed_total", Failed];

    /// <summary>Names of the samples that tell an agent's state.</summary>
    public static string[] AgentFamilies { get; } =
    [
        "caretta_agent_build_info", "caretta_agent_tier_info", StartTime, "caretta_polls_made", "caretta_agent_failed_polls_total",
        "caretta_agent_poll_duration_seconds", "caretta_agent_live_sockets", "caretta_agent_links", "caretta_agent_link_budget",
        "caretta_agent_lost_updates_total", "caretta_agent_lost_connections_total", "caretta_agent_lost_bytes_total",
        "caretta_agent_program_missed_events_total", "caretta_agent_pending_bytes", "caretta_agent_resident_memory_bytes",
        "caretta_agent_bpf_map_memory_bytes",
    ];

    /// <summary>
    /// What a counter grew by within the range that ends at the time asked for: last value less the one at the beginning, or all of it where
    /// the series began within.
    /// </summary>
    /// <param name="counter">Which counter.</param>
    /// <param name="rangeMs">Length of the range.</param>
    /// <param name="someBeganAnew">Whether <see cref="Reset"/> found any: such series are left out then.</param>
    public static string Growth(LinkCounter counter, long rangeMs, bool someBeganAnew)
    {
        string last = $"last_over_time({Families[(int)counter]}[{rangeMs}ms])";
        string first = $"last_over_time({Families[(int)counter]}[{LookbackMs}ms] offset {rangeMs}ms)";
        string growth = $"{last} - {first} or {last}";
        return $"sum by ({LinkLabels}) ({(someBeganAnew ? $"({growth}) unless ({Resets(counter, rangeMs)})" : growth)})";
    }

    /// <summary>How often series of any counter began anew, by who was scraped. Few agents restart: mostly there are none.</summary>
    public static string Reset(long rangeMs)
    {
        var query = new StringBuilder("count by (instance,job,caretta_pod) (");
        for (LinkCounter counter = LinkCounter.Sent; counter <= LinkCounter.Failed; counter++)
        {
            query.Append(counter == LinkCounter.Sent ? "" : " or ").Append(Resets(counter, rangeMs));
        }

        return query.Append(')').ToString();
    }

    /// <summary>Number of samples that <see cref="Samples"/> of the whole range would give.</summary>
    public static string SampleCount(LinkCounter counter, in ScrapedTarget target, long rangeMs) =>
        $"sum(count_over_time({Select(counter, target)}[{rangeMs + LookbackMs}ms]))";

    /// <summary>Samples of one agent, as they are.</summary>
    public static string Samples(LinkCounter counter, in ScrapedTarget target, long windowMs) => $"{Select(counter, target)}[{windowMs}ms]";

    /// <summary>How long before the range samples matter.</summary>
    public static double LookbackSeconds => LookbackMs / 1000.0;

    /// <summary>Connections open at the time asked for.</summary>
    public static string OpenNow() => $"sum by ({LinkLabels}) ({Open})";

    /// <summary>When each link was first seen: the beginning of the range where it was there before.</summary>
    public static string FirstSeen(double from, long rangeMs, long stepMs) =>
        $"min by ({LinkLabels}) (last_over_time({LinksObserved}[{LookbackMs}ms] offset {rangeMs}ms) * 0 + {Number(from)} "
        + $"or min_over_time(timestamp({LinksObserved})[{rangeMs}ms:{stepMs}ms]) or timestamp({LinksObserved}))";

    /// <summary>When each link was last seen.</summary>
    public static string LastSeen(long rangeMs, long stepMs) =>
        $"max by ({LinkLabels}) (timestamp({LinksObserved}) or max_over_time(timestamp({LinksObserved})[{rangeMs}ms:{stepMs}ms]))";

    /// <summary>The state of all agents that were heard of in the range.</summary>
    public static string Agents(long rangeMs) => $"last_over_time({{__name__=~\"{string.Join('|', AgentFamilies)}\"}}[{rangeMs}ms])";

    /// <summary>The agents that are heard of now.</summary>
    public static string AgentsUp() => StartTime;

    /// <summary>A rate over time of all links that <paramref name="ends"/> selects, each counted by the end that counted more.</summary>
    public static string Rate(HistoryLine line, in LinkSelection ends, long windowMs)
    {
        (string byClient, string byServer) = line switch
        {
            HistoryLine.ToServer => (LinksObserved, Received),
            HistoryLine.ToClient => (Received, LinksObserved),
            HistoryLine.Opened => (Opened, Opened),
            _ => (Failed, Failed),
        };
        const string Link = "client_name,client_namespace,client_kind,server_name,server_namespace,server_kind,server_port";
        return $"sum(max by ({Link}) (sum by ({Link},role) ({PerSecond(byClient + Select(ends, 1), windowMs)}) "
            + $"or sum by ({Link},role) ({PerSecond(byServer + Select(ends, 2), windowMs)})))";
    }

    /// <summary>Writes text as a PromQL string.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char unit in text)
        {
            switch (unit)
            {
                case '"' or '\\':
                    quoted.Append('\\').Append(unit);
                    break;
                case < ' ' or '\x7f':
                    quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)unit:x2}");
                    break;
                default:
                    quoted.Append(unit);
                    break;
            }
        }

        return quoted.Append('"').ToString();
    }

    // As Growth; what began anew in the window counts from there, which is near enough for a chart.
    private static string PerSecond(string series, long windowMs)
    {
        string last = $"last_over_time({series}[{windowMs}ms])";
        string first = $"last_over_time({series}[{LookbackMs}ms] offset {windowMs}ms)";
        return $"({last} - {first} >= 0 or {last}) / {Number(windowMs / 1000.0)}";
    }

    private static string Resets(LinkCounter counter, long rangeMs) => $"resets({Families[(int)counter]}[{rangeMs + LookbackMs}ms]) > 0";

    private static string Select(LinkCounter counter, in ScrapedTarget target) =>
        $"{Families[(int)counter]}{{instance={Quote(target.Instance)},job={Quote(target.Job)},caretta_pod={Quote(target.Pod)}}}";

    private static string Select(in LinkSelection ends, int role)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{{role=\"{role}\"");
        if (ends.Client is var (clientName, clientSpace))
        {
            text.Append(",client_name=").Append(Quote(clientName)).Append(",client_namespace=").Append(Quote(clientSpace));
        }

        if (ends.Server is var (serverName, serverSpace))
        {
            text.Append(",server_name=").Append(Quote(serverName)).Append(",server_namespace=").Append(Quote(serverSpace));
        }

        if (ends.Port is { } port)
        {
            text.Append(CultureInfo.InvariantCulture, $",server_port=\"{port}\"");
        }

        return text.Append('}').ToString();
    }

    private static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);
}
