using System.Runtime.InteropServices;

namespace Caretta.Aot.Map;

/// <summary>Adds links to a map by the names of their ends, and joins what both ends counted. One thread at a time.</summary>
/// <param name="map">What is added to.</param>
internal sealed class LinkMapBuilder(LinkMap map)
{
    private readonly Dictionary<MapNode, int> _nodes = [];
    private readonly Dictionary<(int Client, int Server, ushort Port), int> _links = [];

    /// <summary>Adds one end's account of a link. Owners are known of clients only: a node has the first that is heard of.</summary>
    public void Add(in MapNode client, in MapNode server, ushort port, in MapLink account)
    {
        var ends = (Client: GetOrAdd(in client), Server: GetOrAdd(in server), port);
        ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(_links, ends, out bool known);
        if (!known)
        {
            place = map.Links.Count;
            map.Links.Add(account with { ClientNode = ends.Client, ServerNode = ends.Server, Port = port });
            return;
        }

        ref MapLink link = ref CollectionsMarshal.AsSpan(map.Links)[place];
        link.SeenBy |= account.SeenBy;
        link.Totals.Join(in account.Totals);
        link.Recent.Join(in account.Recent);
        link.Open = Math.Max(link.Open, account.Open);
        link.FirstSeen = Math.Min(link.FirstSeen, account.FirstSeen);
        link.LastSeen = Math.Max(link.LastSeen, account.LastSeen);
    }

    private int GetOrAdd(in MapNode node)
    {
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_nodes, node with { Owner = null }, out bool known);
        if (!known)
        {
            index = map.Nodes.Count;
            map.Nodes.Add(node);
        }
        else if (node.Owner is not null && map.Nodes[index].Owner is null)
        {
            map.Nodes[index] = node;
        }

        return index;
    }
}
