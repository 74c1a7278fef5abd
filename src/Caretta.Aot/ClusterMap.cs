using Caretta.Aot.Map;
using Caretta.Aot.Store;

namespace Caretta.Aot;

/// <summary>Makes a map of what a store knows. Stateless.</summary>
internal static class ClusterMap
{
    /// <summary>Asks and joins both ends' accounts.</summary>
    /// <param name="store">Where to ask.</param>
    /// <param name="from">Begin of the range, in seconds since 1970.</param>
    /// <param name="to">End of the range.</param>
    /// <param name="now">Now.</param>
    /// <exception cref="StoreException">There is no answer that can be used.</exception>
    public static async Task<LinkMap> ReadAsync(StoreClient store, double from, double to, double now)
    {
        ObservedLinks links = await store.QueryLinksAsync(from, to).ConfigureAwait(false);
        IReadOnlyCollection<ObservedAgent> agents = await store.QueryAgentsAsync(from, to).ConfigureAwait(false);
        var map = new LinkMap { IsCluster = true, HasStore = true, Time = now, From = from, To = to, RateSeconds = to - from };
        foreach (ObservedAgent agent in agents)
        {
            map.Agents.Add(Describe(agent));
        }

        Join(map, links);
        return map;
    }

    private static void Join(LinkMap map, ObservedLinks links)
    {
        var builder = new LinkMapBuilder(map);
        foreach (ObservedLink link in links.All)
        {
            bool isClient = link.Ends.Role == MapLink.Client;
            double sent = link[LinkCounter.Sent];
            double received = link[LinkCounter.Received];
            var totals = new LinkAccount
            {
                BytesToServer = isClient ? sent : received,
                BytesToClient = isClient ? received : sent,
                Opened = link[LinkCounter.Opened],
                Closed = link[LinkCounter.Closed],
                Failed = link[LinkCounter.Failed],
            };
            ObservedEnds ends = link.Ends;
            builder.Add(
                new MapNode(ends.ClientName, ends.ClientNamespace, ends.ClientKind, ends.ClientOwner.Length > 0 ? ends.ClientOwner : null),
                new MapNode(ends.ServerName, ends.ServerNamespace, ends.ServerKind, null),
                ends.Port,
                new MapLink
                {
                    SeenBy = ends.Role,
                    Totals = totals,
                    Recent = totals,
                    RateSeconds = map.RateSeconds,
                    Open = (long)link.Open,
                    FirstSeen = link.FirstSeen > 0 ? Math.Clamp(link.FirstSeen, map.From, map.To) : map.From,
                    LastSeen = link.LastSeen > 0 ? Math.Clamp(link.LastSeen, map.From, map.To) : map.To,
                });
        }

        map.KeepLargest();
    }

    private static MapAgent Describe(ObservedAgent agent) => new()
    {
        Node = agent.Node,
        Pod = agent.Pod,
        Up = agent.IsUp,
        Version = agent.Version,
        Kernel = agent.Kernel,
        Tier = agent.Tier,
        TierReason = agent.TierReason,
        StartTime = agent["caretta_agent_start_time_seconds"],
        Polls = agent["caretta_polls_made"],
        FailedPolls = agent["caretta_agent_failed_polls_total"],
        PollSeconds = agent["caretta_agent_poll_duration_seconds"],
        LiveSockets = agent["caretta_agent_live_sockets"],
        Links = agent["caretta_agent_links"],
        LinkBudget = agent["caretta_agent_link_budget"],
        LostUpdates = agent["caretta_agent_lost_updates_total"],
        LostConnections = agent["caretta_agent_lost_connections_total"],
        LostBytes = agent["caretta_agent_lost_bytes_total"],
        MissedEvents = agent["caretta_agent_program_missed_events_total"],
        PendingBytes = agent["caretta_agent_pending_bytes"],
        ResidentBytes = agent["caretta_agent_resident_memory_bytes"],
        MapBytes = agent["caretta_agent_bpf_map_memory_bytes"],
    };
}
