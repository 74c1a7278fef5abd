using System.Runtime.InteropServices;
using Caretta.Aot.Map;
using Caretta.Aot.Store;

namespace Caretta.Aot;

/// <summary>Makes the map of the cluster out of what the store says: joins the accounts of both ends of each link.</summary>
internal static class ClusterMap
{
    /// <summary>Asks a store for the map of a range.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public static async Task<LinkMap> ReadAsync(StoreClient store, double from, double to, double now, CancellationToken cancel)
    {
        ObservedLinks links = await store.QueryLinksAsync(from, to, cancel).ConfigureAwait(false);
        return await WithAgentsAsync(store, links, from, to, now, cancel).ConfigureAwait(false);
    }

    /// <summary>As <see cref="ReadAsync"/>, with no more of links than <see cref="StoreClient.SketchLinksAsync"/> has.</summary>
    /// <exception cref="MapException">No answer.</exception>
    public static async Task<LinkMap> SketchAsync(StoreClient store, double from, double to, double now, CancellationToken cancel)
    {
        ObservedLinks links = await store.SketchLinksAsync(from, to, cancel).ConfigureAwait(false);
        LinkMap map = await WithAgentsAsync(store, links, from, to, now, cancel).ConfigureAwait(false);
        map.IsSketch = true;
        return map;
    }

    /// <summary>The map of a range.</summary>
    public static LinkMap Join(ObservedLinks observed, List<MapAgent> agents, double from, double to, double now)
    {
        var map = new LinkMap
        {
            IsCluster = true,
            HasStore = true,
            Time = now,
            From = from,
            To = to,
            RateSeconds = to - from,
            IncompleteLinks = observed.Incomplete,
        };
        map.Agents.AddRange(agents);
        map.Nodes.AddRange(observed.Nodes);
        int[] same = FindOwners(observed.Nodes);
        Dictionary<(int, int, ushort), int> places = [];
        List<(LinkAccount Client, LinkAccount Server)> accounts = [];
        foreach (ref readonly ObservedLink seen in observed.Links)
        {
            int client = same[seen.Client];
            int server = same[seen.Server];
            ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(places, (client, server, seen.Port), out bool known);
            if (!known)
            {
                place = map.Links.Count;
                map.Links.Add(new MapLink { ClientNode = client, ServerNode = server, Port = seen.Port, FirstSeen = to, LastSeen = from, RateSeconds = to - from });
                accounts.Add(default);
            }

            ref MapLink link = ref CollectionsMarshal.AsSpan(map.Links)[place];
            ref (LinkAccount Client, LinkAccount Server) account = ref CollectionsMarshal.AsSpan(accounts)[place];
            if (seen.Role == MapLink.Client)
            {
                account.Client.Add(Account(seen, seen.Sent, seen.Received));
            }
            else
            {
                account.Server.Add(Account(seen, seen.Received, seen.Sent));
            }

            link.SeenBy |= seen.Role;
            link.Open = Math.Max(link.Open, (long)seen.Open);
            if (seen.FirstSeen > 0)
            {
                link.FirstSeen = Math.Min(link.FirstSeen, seen.FirstSeen);
                link.LastSeen = Math.Max(link.LastSeen, seen.LastSeen);
            }
        }

        Span<MapLink> links = CollectionsMarshal.AsSpan(map.Links);
        for (int i = 0; i < links.Length; i++)
        {
            links[i].Totals = accounts[i].Client;
            links[i].Totals.Join(accounts[i].Server);
            links[i].Recent = links[i].Totals;

            // Nothing was found between the steps that are looked at.
            links[i].LastSeen = Math.Max(links[i].LastSeen, links[i].FirstSeen);
        }

        map.KeepLargest();
        map.DropUnusedNodes();
        return map;
    }

    private static async Task<LinkMap> WithAgentsAsync(
        StoreClient store, ObservedLinks links, double from, double to, double now, CancellationToken cancel)
    {
        List<MapAgent> agents = await store.QueryAgentsAsync(from, to, cancel).ConfigureAwait(false);
        return Join(links, agents, from, to, now);
    }

    private static LinkAccount Account(in ObservedLink seen, double toServer, double toClient) => new()
    {
        BytesToServer = toServer,
        BytesToClient = toClient,
        Opened = seen.Opened,
        Closed = seen.Closed,
        Failed = seen.Failed,
    };

    // A server's owner is told only where it is a client too: the same name there is the same node.
    private static int[] FindOwners(List<MapNode> nodes)
    {
        Dictionary<(string, string, string), int> owned = [];
        for (int i = 0; i < nodes.Count; i++)
        {
            if (nodes[i].Owner is not null)
            {
                owned.TryAdd((nodes[i].Name, nodes[i].Namespace, nodes[i].Kind), i);
            }
        }

        int[] same = new int[nodes.Count];
        for (int i = 0; i < same.Length; i++)
        {
            MapNode node = nodes[i];
            same[i] = node.Owner is null && owned.TryGetValue((node.Name, node.Namespace, node.Kind), out int known) ? known : i;
        }

        return same;
    }
}
