using System.Runtime.InteropServices;

namespace Caretta.Aot.Export;

/// <summary>Compares two maps, by bytes per second, for their ranges may differ in length.</summary>
internal static class MapDifference
{
    // Traffic that differs by no more than this share is the same, as on the page.
    private const double SameShare = 0.1;

    /// <summary>The links of one map or both, each with how it changed.</summary>
    public static List<ExportRow> Compare(SeenMap now, SeenMap before)
    {
        Dictionary<(SeenNode, SeenNode, int), (SeenLink? Now, SeenLink? Before)> pairs = [];
        foreach (SeenLink link in now.Links)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(pairs, (link.Client, link.Server, link.Port), out _).Now = link;
        }

        foreach (SeenLink link in before.Links)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(pairs, (link.Client, link.Server, link.Port), out _).Before = link;
        }

        List<ExportRow> rows = new(pairs.Count);
        foreach ((SeenLink? one, SeenLink? other) in pairs.Values)
        {
            rows.Add(new ExportRow(one ?? other!, Judge(one, other), other));
        }

        return rows;
    }

    private static LinkChange Judge(SeenLink? now, SeenLink? before)
    {
        bool isThere = now is not null && HasMoved(now);
        bool wasThere = before is not null && HasMoved(before);
        if (isThere != wasThere)
        {
            return isThere ? LinkChange.New : LinkChange.Gone;
        }

        if (now is null || before is null)
        {
            return now is not null ? LinkChange.New : LinkChange.Gone;
        }

        return now.Rate > before.Rate * (1 + SameShare) ? LinkChange.Grown
            : now.Rate < before.Rate * (1 - SameShare) ? LinkChange.Shrunk : LinkChange.Same;
    }

    private static bool HasMoved(SeenLink link) => link.WasConnected || link.Failed > 0;
}
