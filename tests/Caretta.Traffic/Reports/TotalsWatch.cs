using System.Globalization;
using System.Text;

namespace Caretta.Traffic.Reports;

/// <summary>Watches that no total of a link falls, or leaves, from one scrape to the next.</summary>
internal sealed class TotalsWatch
{
    private readonly Dictionary<string, double> _last = [];
    private readonly List<string> _falls = [];

    public int Scrapes { get; private set; }

    /// <summary>What fell, a sentence each.</summary>
    public IReadOnlyList<string> Falls => _falls;

    public void Observe(MetricsPage page)
    {
        Scrapes++;
        var now = new HashSet<string>();
        foreach (Sample sample in page.Samples.Where(IsTotal))
        {
            string key = sample.ToString();
            now.Add(key);
            if (_last.TryGetValue(key, out double before) && sample.Value < before)
            {
                _falls.Add(string.Create(CultureInfo.InvariantCulture, $"{key} fell from {before:R} to {sample.Value:R} at scrape {Scrapes}"));
            }

            _last[key] = sample.Value;
        }

        foreach (string gone in _last.Keys.Where(key => !now.Contains(key)).ToList())
        {
            _falls.Add(string.Create(CultureInfo.InvariantCulture, $"{gone} left at scrape {Scrapes}"));
            _last.Remove(gone);
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (string fall in _falls)
        {
            text.Append(fall).Append('\n');
        }

        return text.Append(CultureInfo.InvariantCulture, $"{Scrapes} scrapes, {_last.Count} totals: {_falls.Count} falls").ToString();
    }

    /// <summary>The bytes sent are a gauge by name and a total by nature.</summary>
    private static bool IsTotal(Sample sample) =>
        sample.Name == "caretta_links_observed"
        || (sample.Name.StartsWith("caretta_link_", StringComparison.Ordinal) && sample.Name.EndsWith("_total", StringComparison.Ordinal));
}
