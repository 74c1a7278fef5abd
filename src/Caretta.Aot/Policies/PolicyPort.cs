namespace Caretta.Aot.Policies;

/// <summary>One port of a rule.</summary>
/// <param name="Protocol"><c>TCP</c> or <c>UDP</c>.</param>
/// <param name="Port">A number, or the name of a container's port.</param>
internal sealed record PolicyPort(string Protocol, string Port) : IComparable<PolicyPort>
{
    /// <summary>By number, then by name.</summary>
    public int CompareTo(PolicyPort? other)
    {
        int order = Number.CompareTo(other?.Number ?? 0);
        order = order != 0 ? order : string.CompareOrdinal(Port, other?.Port);
        return order != 0 ? order : string.CompareOrdinal(Protocol, other?.Protocol);
    }

    /// <summary>The number; beyond all of them for a name.</summary>
    public int Number => int.TryParse(Port, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number)
        ? number : int.MaxValue;
}
