using System.Globalization;
using Caretta.Testing;
using Caretta.Traffic;
using Caretta.Traffic.Reports;

namespace Caretta.Kernel.Tests.Support;

/// <summary>All links of one server port as one of the two roles sees them, added up. Equal when the numbers are.</summary>
/// <param name="Sent">Bytes.</param>
/// <param name="Received">Bytes.</param>
/// <param name="Opened">Connections established since launch.</param>
/// <param name="Closed">Connections closed.</param>
/// <param name="Failed">Connects that failed.</param>
/// <param name="Open">Connections open now.</param>
internal readonly record struct PortTotals(long Sent, long Received, long Opened = 0, long Closed = 0, long Failed = 0, long Open = 0)
{
    /// <summary>Reads them off a page.</summary>
    public static PortTotals From(MetricsPage page, int port, Role role)
    {
        Dictionary<string, double> sums = Links(page, port, role)
            .GroupBy(static sample => sample.Name)
            .ToDictionary(static family => family.Key, static family => family.Sum(static sample => sample.Value));
        return new PortTotals(
            Sum("caretta_links_observed"),
            Sum("caretta_link_received_bytes_total"),
            Sum("caretta_link_connections_opened_total"),
            Sum("caretta_link_connections_closed_total"),
            Sum("caretta_link_connections_failed_total"),
            Sum("caretta_link_connections"));

        long Sum(string family) => (long)sums.GetValueOrDefault(family);
    }

    /// <summary>The names of client and server wherever something is open or bytes were counted.</summary>
    public static IReadOnlyList<(string Client, string Server)> NamesOn(MetricsPage page, int port, Role role) =>
        [.. Links(page, port, role)
            .Where(static sample => sample.Name is "caretta_links_observed" or "caretta_link_received_bytes_total" or "caretta_link_connections")
            .Where(static sample => sample.Value != 0)
            .Select(static sample => (sample.Label("client_name"), sample.Label("server_name")))
            .Distinct()];

    /// <summary>Waits up to ten seconds for the page to say this.</summary>
    /// <returns>The first page that did, or the last one that did not.</returns>
    public async Task<MetricsPage> WaitAsync(RunningAgent agent, int port, Role role, CancellationToken cancellation)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            MetricsPage page = await agent.ScrapeAsync(cancellation);
            if (From(page, port, role) == this || TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromSeconds(10))
            {
                return page;
            }

            await Task.Delay(20, cancellation);
        }
    }

    private static IEnumerable<Sample> Links(MetricsPage page, int port, Role role)
    {
        string wantedPort = port.ToString(CultureInfo.InvariantCulture), wantedRole = ((int)role).ToString(CultureInfo.InvariantCulture);
        return page.Samples.Where(sample => sample.Label("server_port") == wantedPort && sample.Label("role") == wantedRole);
    }
}
