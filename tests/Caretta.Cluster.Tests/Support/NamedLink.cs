using System.Globalization;

using Caretta.Traffic.Reports;

namespace Caretta.Cluster.Tests.Support;

/// <summary>A link as the metric page names it, written as <c>KIND NAMESPACE/NAME</c> at both ends.</summary>
internal readonly record struct NamedLink(string Client, string Server, int Port, int Role)
{
    private const string Metric = "caretta_links_observed";

    /// <summary>Bytes sent by the end that counts, over all links of a page that are in question.</summary>
    /// <param name="page">As scraped.</param>
    /// <param name="port">Only links to this port; those of other programs on the machine have others.</param>
    public static SortedDictionary<string, long> Of(MetricsPage page, int port)
    {
        SortedDictionary<string, long> links = new(StringComparer.Ordinal);
        foreach (Sample sample in page.Samples)
        {
            if (sample.Name == Metric && sample.Label("server_port") == port.ToString(CultureInfo.InvariantCulture))
            {
                var link = new NamedLink(
                    End(sample, "client"), End(sample, "server"), port, int.Parse(sample.Label("role"), CultureInfo.InvariantCulture));
                string key = link.ToString();
                links[key] = links.GetValueOrDefault(key) + (long)sample.Value;
            }
        }

        return links;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Client} -> {Server} :{Port} role {Role}");

    private static string End(Sample sample, string end) =>
        $"{sample.Label(end + "_kind")} {sample.Label(end + "_namespace")}/{sample.Label(end + "_name")}";
}
