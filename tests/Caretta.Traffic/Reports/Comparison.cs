using System.Globalization;
using System.Text;

namespace Caretta.Traffic.Reports;

/// <summary>Which series of a metrics page are meant; null is any.</summary>
internal sealed record ComparisonScope
{
    public string? ClientName { get; init; }
    public string? ServerName { get; init; }

    public bool Includes(Sample sample) =>
        (ClientName is null || sample.Label("client_name") == ClientName) && (ServerName is null || sample.Label("server_name") == ServerName);
}

/// <summary>A place where the agent and the application disagree.</summary>
/// <param name="ServerPort">Of the link.</param>
/// <param name="Role">Which end counts.</param>
/// <param name="Metric">What disagrees; null when the link is missing altogether.</param>
/// <param name="Expected">The application's count.</param>
/// <param name="Actual">The agent's.</param>
internal sealed record Difference(int ServerPort, Role Role, string? Metric, double Expected, double Actual)
{
    public override string ToString() => Metric is null
        ? string.Create(CultureInfo.InvariantCulture, $"port {ServerPort} role {(int)Role}: link missing")
        : string.Create(CultureInfo.InvariantCulture, $"port {ServerPort} role {(int)Role}: {Metric} is {Actual:R}, the application counted {Expected:R} ({Actual - Expected:+0;-0})");
}

/// <summary>
/// Holds what the application counted against what the agent shows. A link is known by server port and role, which a test keeps to
/// itself; series that differ only in names or addresses are added up, on both sides.
/// </summary>
internal sealed class Comparison
{
    /// <summary>The families that are compared. The first is bytes sent by the end that the role names.</summary>
    private static readonly (string Metric, Func<LinkTotals, long, double> Expected)[] Families =
    [
        ("caretta_links_observed", static (totals, _) => totals.SentBytes),
        ("caretta_link_received_bytes_total", static (totals, _) => totals.ReceivedBytes),
        ("caretta_link_connections_opened_total", static (totals, _) => totals.Opened),
        ("caretta_link_connections_closed_total", static (totals, _) => totals.Closed),
        ("caretta_link_connections_failed_total", static (totals, _) => totals.Failed),
        ("caretta_link_connections", static (_, open) => open),
    ];

    private Comparison(IReadOnlyList<Difference> differences, int links, long bytes)
    {
        Differences = differences;
        Links = links;
        Bytes = bytes;
    }

    public IReadOnlyList<Difference> Differences { get; }

    /// <summary>Links compared, each end counted.</summary>
    public int Links { get; }

    /// <summary>Bytes that the application sent over them.</summary>
    public long Bytes { get; }

    /// <summary>Nothing differs. A comparison of nothing is not equal.</summary>
    public bool Equal => Differences.Count == 0 && Links > 0;

    public static Comparison Of(TrafficReport report, MetricsPage page, ComparisonScope scope)
    {
        var actual = new Dictionary<(int, Role, string), double>();
        var seen = new HashSet<(int, Role)>();
        foreach (Sample sample in page.Samples)
        {
            if (sample.Name.StartsWith("caretta_link", StringComparison.Ordinal)
                && int.TryParse(sample.Label("server_port"), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
                && int.TryParse(sample.Label("role"), NumberStyles.None, CultureInfo.InvariantCulture, out int role)
                && scope.Includes(sample))
            {
                actual[(port, (Role)role, sample.Name)] = actual.GetValueOrDefault((port, (Role)role, sample.Name)) + sample.Value;
                seen.Add((port, (Role)role));
            }
        }

        var differences = new List<Difference>();
        int links = 0;
        long bytes = 0;
        foreach (IGrouping<(int Port, Role Role), ReportLine> link in report.Lines.GroupBy(static line => (line.Key.ServerPort, line.Key.Role)))
        {
            LinkTotals totals = link.Aggregate(default(LinkTotals), static (sum, line) => sum + line.Totals);
            long open = totals.Opened - totals.Closed + link.Sum(line => report.OpenBefore.GetValueOrDefault(line.Key));
            if (totals == default && open == 0)
            {
                continue;
            }

            links++;
            bytes += totals.SentBytes;
            if (!seen.Contains(link.Key))
            {
                differences.Add(new Difference(link.Key.Port, link.Key.Role, null, totals.SentBytes, 0));
                continue;
            }

            foreach ((string metric, Func<LinkTotals, long, double> expected) in Families)
            {
                double wanted = expected(totals, open), shown = actual.GetValueOrDefault((link.Key.Port, link.Key.Role, metric));
                if (wanted != shown)
                {
                    differences.Add(new Difference(link.Key.Port, link.Key.Role, metric, wanted, shown));
                }
            }
        }

        return new Comparison(differences, links, bytes);
    }

    /// <summary>
    /// Compares again and again until nothing differs, or patience ends: the agent shows what it saw at its last poll, and an application
    /// may have moved bytes that it has not booked yet.
    /// </summary>
    public static async Task<Comparison> UntilEqualAsync(
        Func<Task<TrafficReport>> count, Func<Task<MetricsPage>> scrape, ComparisonScope scope, TimeSpan patience, CancellationToken cancellation)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Comparison comparison = Of(await count().ConfigureAwait(false), await scrape().ConfigureAwait(false), scope);
            if (comparison.Equal || TimeProvider.System.GetElapsedTime(start) > patience)
            {
                return comparison;
            }

            await Task.Delay(20, cancellation).ConfigureAwait(false);
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (Difference difference in Differences)
        {
            text.Append(difference).Append('\n');
        }

        int missing = Differences.Count(static difference => difference.Metric is null);
        return text.Append(CultureInfo.InvariantCulture, $"{Links} links, {Bytes} bytes sent: {Differences.Count} differences, {missing} links missing").ToString();
    }
}
