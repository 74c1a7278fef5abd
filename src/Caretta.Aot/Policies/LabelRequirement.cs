namespace Caretta.Aot.Policies;

/// <summary>One of a selector's <c>matchExpressions</c>.</summary>
/// <param name="Key">The label.</param>
/// <param name="Operator"><c>In</c>, <c>NotIn</c>, <c>Exists</c> or <c>DoesNotExist</c>.</param>
/// <param name="Values">What it is compared with.</param>
internal sealed record LabelRequirement(string Key, string Operator, IReadOnlyList<string> Values)
{
    /// <summary>Whether labels meet it. An operator that is not known is not met.</summary>
    public bool IsMetBy(IReadOnlyDictionary<string, string> labels)
    {
        bool exists = labels.TryGetValue(Key, out string? value);
        bool isAmong = false;
        foreach (string allowed in Values)
        {
            isAmong |= exists && allowed == value;
        }

        return Operator switch
        {
            "In" => isAmong,
            "NotIn" => !isAmong,
            "Exists" => exists,
            "DoesNotExist" => !exists,
            _ => false,
        };
    }
}
