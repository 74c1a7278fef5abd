using System.Globalization;
using System.Text;

namespace Caretta.Traffic.Reports;

/// <summary>One sample of a metrics page.</summary>
internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    public string Label(string name) => Labels.GetValueOrDefault(name, "");

    public override string ToString() => $"{Name}{{{string.Join(',', Labels.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key}={pair.Value}"))}}}";
}

/// <summary>A page in the Prometheus text format 0.0.4, of which OpenMetrics without exemplars is near enough.</summary>
internal sealed class MetricsPage(IReadOnlyList<Sample> samples)
{
    public IReadOnlyList<Sample> Samples { get; } = samples;

    /// <summary>Reads a page from a file or from an http address.</summary>
    public static async Task<MetricsPage> LoadAsync(string fileOrUrl, CancellationToken cancellation) =>
        Parse(fileOrUrl.StartsWith("http://", StringComparison.Ordinal)
            ? await HttpGet.ReadAsync(new Uri(fileOrUrl), cancellation).ConfigureAwait(false)
            : await File.ReadAllTextAsync(fileOrUrl, cancellation).ConfigureAwait(false));

    /// <exception cref="FormatException">A line is neither a comment nor a sample.</exception>
    public static MetricsPage Parse(string text)
    {
        var samples = new List<Sample>();
        foreach (string line in text.Split('\n'))
        {
            if (line.Length > 0 && line[0] != '#')
            {
                samples.Add(ParseSample(line));
            }
        }

        return new MetricsPage(samples);
    }

    private static Sample ParseSample(string line)
    {
        var labels = new Dictionary<string, string>();
        int end = line.AsSpan().IndexOfAny('{', ' ');
        if (end <= 0)
        {
            throw new FormatException($"not a sample: \"{line}\"");
        }

        string name = line[..end];
        if (line[end] == '{')
        {
            int at = end + 1;
            while (At(at) != '}')
            {
                int equals = line.IndexOf('=', at);
                if (equals < 0 || At(equals + 1) != '"')
                {
                    throw new FormatException($"not a label at column {at}: \"{line}\"");
                }

                string label = line[at..equals];
                at = equals + 2;
                if (!labels.TryAdd(label, Unescape(ref at)))
                {
                    throw new FormatException($"label {label} twice: \"{line}\"");
                }

                if (At(at) == ',')
                {
                    at++;
                }
            }

            end = at + 1;
        }

        string[] rest = line[end..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (rest is [] or { Length: > 2 })
        {
            throw new FormatException($"no value: \"{line}\"");
        }

        double value = rest[0] switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            _ => double.Parse(rest[0], NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        return new Sample(name, labels, value);

        char At(int index) => index < line.Length ? line[index] : throw new FormatException($"cut short: \"{line}\"");

        string Unescape(ref int at)
        {
            var text = new StringBuilder();
            for (; At(at) != '"'; at++)
            {
                text.Append(line[at] != '\\' ? line[at] : At(++at) == 'n' ? '\n' : line[at]);
            }

            at++;
            return text.ToString();
        }
    }
}
