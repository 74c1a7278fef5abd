namespace Caretta.Aot.Export;

/// <summary>Which links are wanted, as on the page: one end has one of the namespaces and one of the kinds and contains the text.</summary>
internal sealed record MapFilter
{
    private static readonly string[] SystemNamespaces = ["kube-system", "kube-public", "kube-node-lease"];

    /// <summary>Namespaces of which one end must be; empty for any.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>Kinds of which one end must be; empty for any.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    /// <summary>Ports; empty for any.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>Text that one end's name, namespace, kind or owner contains, in either case; empty for any.</summary>
    public string Text { get; init; } = "";

    /// <summary>Only links with an end outside.</summary>
    public bool External { get; init; }

    /// <summary>Only links where connects fail.</summary>
    public bool Failing { get; init; }

    /// <summary>Only links first seen within this time before the end of the range; null for any.</summary>
    public TimeSpan? New { get; init; }

    /// <summary>Whether the namespaces of the system, and Caretta's own, are wanted.</summary>
    public bool System { get; init; }

    /// <summary>Keeps the rows that are wanted.</summary>
    /// <param name="rows">All.</param>
    /// <param name="to">End of the range, in seconds since 1970.</param>
    /// <param name="hidden">Links left out because an end of them is the system's.</param>
    public List<ExportRow> Apply(List<ExportRow> rows, double to, out int hidden)
    {
        HashSet<string> system = System ? [] : SystemNamespacesOf(rows.ConvertAll(static row => row.Link));
        system.ExceptWith(Namespaces);
        hidden = 0;
        List<ExportRow> kept = [];
        foreach (ExportRow row in rows)
        {
            if (system.Contains(row.Link.Client.Namespace) || system.Contains(row.Link.Server.Namespace))
            {
                hidden++;
            }
            else if (IsWanted(row, to))
            {
                kept.Add(row);
            }
        }

        return kept;
    }

    /// <summary>The system's namespaces and our own: those where something of ours runs.</summary>
    public static HashSet<string> SystemNamespacesOf(IEnumerable<SeenLink> links)
    {
        HashSet<string> spaces = [.. SystemNamespaces];
        foreach (SeenLink link in links)
        {
            AddOwn(link.Client);
            AddOwn(link.Server);
        }

        return spaces;

        // What is shared with others stays.
        void AddOwn(SeenNode node)
        {
            bool isOurs = node.Name == "caretta" || node.Name.StartsWith("caretta-", StringComparison.Ordinal);
            if (isOurs && !node.IsExternal && node.Namespace is not ("default" or "host" or "node" or "external" or ""))
            {
                spaces.Add(node.Namespace);
            }
        }
    }

    private bool IsWanted(ExportRow row, double to)
    {
        SeenLink link = row.Link;
        return (Matches(link.Client) || Matches(link.Server))
            && (Ports.Count == 0 || Contains(Ports, link.Port))
            && (!External || link.Client.IsExternal || link.Server.IsExternal)
            && (!Failing || link.IsFailing)
            && (New is not { } age || (link.FirstSeen >= to - age.TotalSeconds && row.Change != LinkChange.Gone));
    }

    private bool Matches(SeenNode node) =>
        (Namespaces.Count == 0 || Contains(Namespaces, node.Namespace))
        && (Kinds.Count == 0 || Contains(Kinds, node.Kind))
        && (Text.Length == 0 || Has(node.Name) || Has(node.Namespace) || Has(node.Kind) || Has(node.Owner ?? ""));

    private bool Has(string text) => text.Contains(Text, StringComparison.OrdinalIgnoreCase);

    private static bool Contains<T>(IReadOnlyList<T> list, T item)
        where T : IEquatable<T>
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i].Equals(item))
            {
                return true;
            }
        }

        return false;
    }
}
