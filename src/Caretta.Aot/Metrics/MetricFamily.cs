using System.Text;

namespace Caretta.Aot.Metrics;

/// <summary>
/// A metric family with its HELP and TYPE lines rendered once per format.
/// Source of the rules: Prometheus exposition format 0.0.4; OpenMetrics 1.0, "Metric Types" and "ABNF".
/// </summary>
internal sealed class MetricFamily
{
    // OpenMetrics 1.0, "Suffixes"; promtool complains about them too.
    private static readonly string[] ReservedSuffixes = ["_total", "_created", "_count", "_sum", "_bucket", "_info"];

    private readonly byte[] _name;
    private readonly byte[] _textHeader;
    private readonly byte[] _openMetricsHeader;

    /// <summary>Renders the header lines.</summary>
    /// <param name="name">Name of the samples.</param>
    /// <param name="type">Type; decides what each format is told.</param>
    /// <param name="help">One line: what a sample counts, with its unit. No backslashes, quotes or line ends: formats differ there.</param>
    /// <exception cref="ArgumentException">The name does not fit the type, or the help would need escaping.</exception>
    public MetricFamily(string name, MetricType type, string help)
    {
        if (help.AsSpan().IndexOfAny("\\\"\n\r") >= 0)
        {
            throw new ArgumentException($"the help of {name} needs escaping", nameof(help));
        }

        (string suffix, string textType, string openMetricsType) = type switch
        {
            MetricType.Counter => ("_total", "counter", "counter"),
            MetricType.Info => ("_info", "gauge", "info"),
            MetricType.CounterByOldName => ("", "untyped", "unknown"),
            _ => ("", "gauge", "gauge"),
        };
        if (!name.EndsWith(suffix, StringComparison.Ordinal))
        {
            throw new ArgumentException($"{name} must end in {suffix}", nameof(name));
        }

        if (type == MetricType.Gauge && ReservedSuffixes.Any(reserved => name.EndsWith(reserved, StringComparison.Ordinal)))
        {
            throw new ArgumentException($"{name} looks like something other than a gauge", nameof(name));
        }

        Name = name;
        _name = Encoding.ASCII.GetBytes(name);
        _textHeader = Encoding.UTF8.GetBytes($"# HELP {name} {help}\n# TYPE {name} {textType}\n");

        // In OpenMetrics the suffix belongs to the sample, not to the family.
        string family = name[..^suffix.Length];
        _openMetricsHeader = Encoding.UTF8.GetBytes($"# TYPE {family} {openMetricsType}\n# HELP {family} {help}\n");
    }

    /// <summary>Name of the samples.</summary>
    public string Name { get; }

    /// <summary>Name of the samples as bytes.</summary>
    public ReadOnlySpan<byte> NameBytes => _name;

    /// <summary>HELP and TYPE lines.</summary>
    public ReadOnlySpan<byte> Header(ExpositionFormat format) =>
        format == ExpositionFormat.OpenMetrics ? _openMetricsHeader : _textHeader;
}
