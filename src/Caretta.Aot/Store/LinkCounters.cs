namespace Caretta.Aot.Store;

/// <summary>The counters of a link: their metrics, and where each is counted.</summary>
internal static class LinkCounters
{
    /// <summary>Bytes that an end sent, and the metric that every link has.</summary>
    public const string Sent = "caretta_links_observed";

    /// <summary>Counts on of one counter.</summary>
    public delegate void Adder(ref ObservedLink link, double value);

    /// <summary>
    /// Those by which to see that a link began anew: bytes and connections of one that had any, failures of one that had nothing else. The
    /// others only ever fall together with one of these.
    /// </summary>
    public static readonly string[] Telling = [Sent, "caretta_link_connections_opened_total", "caretta_link_connections_failed_total"];

    /// <summary>All of them.</summary>
    public static readonly (string Metric, Adder Add)[] All =
    [
        (Sent, static (ref link, value) => link.Sent += value),
        ("caretta_link_received_bytes_total", static (ref link, value) => link.Received += value),
        ("caretta_link_connections_opened_total", static (ref link, value) => link.Opened += value),
        ("caretta_link_connections_closed_total", static (ref link, value) => link.Closed += value),
        ("caretta_link_connections_failed_total", static (ref link, value) => link.Failed += value),
    ];
}
