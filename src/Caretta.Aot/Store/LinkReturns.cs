using System.Text;
using Caretta.Aot.Map;

namespace Caretta.Aot.Store;

/// <summary>
/// Finds links that ended and came back within a range, their counters beginning anew: the difference of two values, which is what all others
/// are asked for, lacks what such a link had counted before. Its samples say how much that is. Where agents restarted, see <see cref="AgentRuns"/>.
/// </summary>
/// <remarks>
/// Seen are those of which such a counter is smaller after than before, as with all that asks a store for increases: a link that comes back
/// between two scrapes with no less in any of its counters cannot be told from one that never went.
/// </remarks>
internal sealed class LinkReturns(StoreConnection connection, StoreLimits limits)
{
    /// <summary>Most links that are looked at.</summary>
    public const int MaxLinks = 200;

    private static readonly string[] Labels = [.. ObservedLinks.Labels, .. PromQl.AgentLabels.Split(',')];
    private static readonly string[] NamedLabels = [.. ObservedLinks.Labels, "__name__"];

    private readonly List<string> _selectors = [];

    /// <summary>Links that came back beyond <see cref="MaxLinks"/>, by end and agent.</summary>
    public int Omitted { get; private set; }

    /// <summary>Finds them; usually there are none.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public async Task FindAsync(double from, double to, CancellationToken cancel)
    {
        double window = to - from + PromQl.Lookback;
        var fell = new StringBuilder();
        foreach (string metric in LinkCounters.Telling)
        {
            fell.Append(fell.Length == 0 ? "" : " or ").Append($"resets({metric}[{PromQl.Duration(window)}]) > 0");
        }

        string query = $"max by ({PromQl.LinkLabels},{PromQl.AgentLabels})({fell}) unless on ({PromQl.AgentLabels}) {PromQl.Restarted(window)}";
        var series = new SeriesReader(Labels, limits.MaxSeries, found =>
        {
            if (_selectors.Count < MaxLinks)
            {
                _selectors.Add(PromQl.Matchers(Labels, found));
            }
            else
            {
                Omitted++;
            }
        });
        await connection.QueryAsync(query, to, series, cancel).ConfigureAwait(false);
    }

    /// <summary>Adds what the differences lack.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public async Task AddAsync(ObservedLinks links, double from, double to, CancellationToken cancel)
    {
        var metrics = new StringBuilder();
        foreach ((string metric, _) in LinkCounters.All)
        {
            metrics.Append(metrics.Length == 0 ? "" : "|").Append(metric);
        }

        foreach (string selector in _selectors)
        {
            await AddAsync(links, $"{{__name__=~\"{metrics}\",{selector}}}", from, to, cancel).ConfigureAwait(false);
        }
    }

    private async Task AddAsync(ObservedLinks links, string selector, double from, double to, CancellationToken cancel)
    {
        // All series are of one link.
        int row = -1;
        List<(LinkCounters.Adder Add, SampleRuns Samples)> counters = [];
        List<double> ends = [];
        var series = new SeriesReader(NamedLabels, limits.MaxSeries, found =>
        {
            row = links.IndexOf(found);
            string name = found.Text(ObservedLinks.Labels.Length);
            foreach ((string metric, LinkCounters.Adder add) in LinkCounters.All)
            {
                if (metric == name && row >= 0)
                {
                    var samples = new SampleRuns(found.Points);
                    samples.FindEnds(ends);
                    counters.Add((add, samples));
                }
            }
        });
        await connection.QueryAsync($"{selector}[{PromQl.Duration(to - from + PromQl.Lookback)}]", to, series, cancel).ConfigureAwait(false);
        ends.Sort();
        foreach ((LinkCounters.Adder add, SampleRuns samples) in counters)
        {
            add(ref links.Links[row], samples.Growth(from, ends) - samples.Difference(from));
        }
    }
}
