using System.Runtime.InteropServices;

namespace Caretta.Aot.Map;

/// <summary>Who talked to whom in a range: what <c>/api/links</c> answers. One thread at a time.</summary>
internal sealed class LinkMap
{
    /// <summary>Most links in one answer.</summary>
    public const int MaxLinks = 20_000;

    /// <summary>Whether it is of the whole cluster, and not of this node alone.</summary>
    public bool IsCluster { get; set; }

    /// <summary>Whether of each link only its ends and bytes are known.</summary>
    public bool IsSketch { get; set; }

    /// <summary>Whether the cluster's can be asked for here.</summary>
    public bool HasStore { get; set; }

    /// <summary>Now, in seconds since 1970.</summary>
    public double Time { get; set; }

    /// <summary>Begin of the range, in seconds since 1970.</summary>
    public double From { get; set; }

    /// <summary>End of the range, in seconds since 1970.</summary>
    public double To { get; set; }

    /// <summary>What the rates cover; 0 where they are the means since each link began.</summary>
    public double RateSeconds { get; set; }

    /// <summary>Links that were too many.</summary>
    public int OmittedLinks { get; private set; }

    /// <summary>Links whose totals may lack what they counted before they ended and came back.</summary>
    public int IncompleteLinks { get; set; }

    /// <summary>The agents that counted.</summary>
    public List<MapAgent> Agents { get; } = [];

    /// <summary>The ends.</summary>
    public List<MapNode> Nodes { get; } = [];

    /// <summary>The links.</summary>
    public List<MapLink> Links { get; } = [];

    /// <summary>Empties it for another use; the memory is kept.</summary>
    public void Clear()
    {
        OmittedLinks = IncompleteLinks = 0;
        Agents.Clear();
        Nodes.Clear();
        Links.Clear();
    }

    /// <summary>Keeps the <paramref name="most"/> links that carried most bytes, in their order, and the nodes they need.</summary>
    public void KeepLargest(int most = MaxLinks)
    {
        if (Links.Count <= most)
        {
            return;
        }

        ulong[] bytes = new ulong[Links.Count];
        int[] order = new int[Links.Count];
        for (int i = 0; i < order.Length; i++)
        {
            (bytes[i], order[i]) = ((ulong)Links[i].Bytes, i);
        }

        Array.Sort(bytes, order);
        bool[] dropped = new bool[Links.Count];
        for (int i = 0; i < order.Length - most; i++)
        {
            dropped[order[i]] = true;
        }

        OmittedLinks += Links.Count - most;
        int kept = 0;
        for (int i = 0; i < dropped.Length; i++)
        {
            if (!dropped[i])
            {
                Links[kept++] = Links[i];
            }
        }

        Links.RemoveRange(kept, Links.Count - kept);
        DropUnusedNodes();
    }

    /// <summary>Removes nodes without links.</summary>
    public void DropUnusedNodes()
    {
        int[] moved = new int[Nodes.Count];
        foreach (MapLink link in Links)
        {
            moved[link.ClientNode] = moved[link.ServerNode] = 1;
        }

        int kept = 0;
        for (int i = 0; i < moved.Length; i++)
        {
            if (moved[i] != 0)
            {
                moved[i] = kept;
                Nodes[kept++] = Nodes[i];
            }
        }

        Nodes.RemoveRange(kept, Nodes.Count - kept);
        foreach (ref MapLink link in CollectionsMarshal.AsSpan(Links))
        {
            link.ClientNode = moved[link.ClientNode];
            link.ServerNode = moved[link.ServerNode];
        }
    }
}
