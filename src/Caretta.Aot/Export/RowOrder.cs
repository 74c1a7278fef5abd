namespace Caretta.Aot.Export;

/// <summary>Sorts rows.</summary>
internal static class RowOrder
{
    /// <summary>Sorts in place.</summary>
    public static void Sort(List<ExportRow> rows, MapSort by) => rows.Sort((one, other) => Compare(one.Link, other.Link, by));

    private static int Compare(SeenLink one, SeenLink other, MapSort by)
    {
        int order = by == MapSort.Name ? 0 : KeyOf(other, by).CompareTo(KeyOf(one, by));
        order = order != 0 ? order : one.Client.CompareTo(other.Client);
        order = order != 0 ? order : one.Server.CompareTo(other.Server);
        return order != 0 ? order : one.Port.CompareTo(other.Port);
    }

    private static double KeyOf(SeenLink link, MapSort by) => by switch
    {
        MapSort.Rate => link.Rate,
        MapSort.Opened => link.Opened,
        MapSort.Failed => link.Failed,
        MapSort.New => link.FirstSeen,
        _ => link.Bytes,
    };
}
