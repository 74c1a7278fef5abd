namespace Caretta.Aot.Export;

/// <summary>One end of links, as docs/api.md has it. Text is as it came: whoever writes it guards its own format.</summary>
/// <param name="Namespace">Its namespace, or <c>host</c>, <c>node</c>, <c>external</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Owner">Its direct controller; null where there is none.</param>
internal sealed record SeenNode(string Namespace, string Name, string Kind, string? Owner = null) : IComparable<SeenNode>
{
    /// <summary>Whether it is outside of the machine or the cluster.</summary>
    public bool IsExternal => Kind == "external";

    /// <summary>By namespace, name, kind and owner, each by the numbers of its characters: the same on any machine.</summary>
    public int CompareTo(SeenNode? other)
    {
        int order = string.CompareOrdinal(Namespace, other?.Namespace);
        order = order != 0 ? order : string.CompareOrdinal(Name, other?.Name);
        order = order != 0 ? order : string.CompareOrdinal(Kind, other?.Kind);
        return order != 0 ? order : string.CompareOrdinal(Owner, other?.Owner);
    }
}
