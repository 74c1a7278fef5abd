using System.Text;

namespace Caretta.Aot.Policies;

/// <summary>Selects pods of a namespace by their labels (<c>meta/v1 LabelSelector</c>).</summary>
/// <param name="Labels"><c>matchLabels</c>, sorted.</param>
/// <param name="Requirements"><c>matchExpressions</c>, in their order.</param>
internal sealed record PodSelector(SortedDictionary<string, string> Labels, IReadOnlyList<LabelRequirement> Requirements)
{
    /// <summary>Makes one of labels alone.</summary>
    public static PodSelector Of(IEnumerable<KeyValuePair<string, string>> labels)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string value) in labels)
        {
            sorted[key] = value;
        }

        return new PodSelector(sorted, []);
    }

    /// <summary>Whether it selects every pod.</summary>
    public bool IsEmpty => Labels.Count == 0 && Requirements.Count == 0;

    /// <summary>Whether it selects a pod with these labels.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach ((string key, string value) in Labels)
        {
            if (!labels.TryGetValue(key, out string? own) || own != value)
            {
                return false;
            }
        }

        foreach (LabelRequirement requirement in Requirements)
        {
            if (!requirement.IsMetBy(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The same text for selectors that say the same in the same words.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach ((string key, string value) in Labels)
        {
            text.Append(key).Append('=').Append(value).Append(',');
        }

        foreach (LabelRequirement requirement in Requirements)
        {
            text.Append(requirement.Key).Append(' ').Append(requirement.Operator).Append(' ').AppendJoin('|', requirement.Values).Append(',');
        }

        return text.ToString();
    }
}
