using System.Globalization;
using System.Text;

namespace Caretta.Aot.Store;

/// <summary>
/// The queries that the store is asked, in the part of the language that Prometheus and VictoriaMetrics understand alike. What comes from
/// outside goes in as a quoted string only.
/// </summary>
internal static class PromQl
{
    /// <summary>How far back a value counts as the one at a time, in seconds: as Prometheus has it by default.</summary>
    public const double Lookback = 300;

    /// <summary>Labels that make a link, with the end that counted.</summary>
    public const string LinkLabels =
        "client_name,client_namespace,client_kind,client_owner,server_name,server_namespace,server_kind,server_port,role";

    /// <summary>Labels by which scrapers tell agents apart.</summary>
    public const string AgentLabels = "job,instance,cluster,prometheus,namespace,pod,node,container,caretta_pod,caretta_node";

    /// <summary>When agents were launched: another value is another run.</summary>
    public const string StartTime = "caretta_agent_start_time_seconds";

    /// <summary>
    /// How much a counter grew within the last <paramref name="range"/> seconds: the difference of two values, where increase() would
    /// extrapolate and leave out what a series is born with. One that was born or began anew counts as a whole.
    /// </summary>
    /// <param name="metric">A selector.</param>
    /// <param name="range">Length of the range.</param>
    /// <param name="lookback">How far before the range its first value may lie.</param>
    /// <param name="offset">How long before the time of the query the range ends.</param>
    public static string Growth(string metric, double range, double lookback, double offset = 0)
    {
        string last = Last(metric, range, offset);
        return lookback < 0.002 ? $"({last})" : $"((({last}) - {Last(metric, lookback, offset + range)}) >= 0 or {last})";
    }

    /// <summary>The last value within a window.</summary>
    public static string Last(string metric, double window, double offset = 0) => $"last_over_time({metric}[{Duration(window)}]{Offset(offset)})";

    /// <summary>Agents that were launched anew within a window.</summary>
    public static string Restarted(double window) =>
        $"(max by ({AgentLabels})(max_over_time({StartTime}[{Duration(window)}])) > min by ({AgentLabels})(min_over_time({StartTime}[{Duration(window)}])))";

    /// <summary>Seconds in decimal, to the millisecond.</summary>
    public static string Seconds(double seconds) => seconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>A duration, which the language does not know with fractions.</summary>
    public static string Duration(double seconds) =>
        Math.Max(1, (long)Math.Round(seconds * 1000)).ToString(CultureInfo.InvariantCulture) + "ms";

    /// <summary>
    /// Matchers for one series: of all these labels, those that it lacks too, for a matcher with an empty value wants the label missing.
    /// </summary>
    public static string Matchers(string[] labels, SeriesReader series)
    {
        var matchers = new StringBuilder();
        for (int i = 0; i < labels.Length; i++)
        {
            matchers.Append(i == 0 ? "" : ",").Append(labels[i]).Append('=').Append(Quote(series.Text(i)));
        }

        return matchers.ToString();
    }

    /// <summary>A string, quoted.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char character in text)
        {
            _ = character switch
            {
                '"' or '\\' => quoted.Append('\\').Append(character),
                '\n' => quoted.Append("\\n"),
                < ' ' or '\x7f' => quoted.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}"),
                _ => quoted.Append(character),
            };
        }

        return quoted.Append('"').ToString();
    }

    private static string Offset(double seconds) => seconds > 0 ? " offset " + Duration(seconds) : "";
}
