using System.Runtime.InteropServices;
using Caretta.Aot.Identity;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Map;

/// <summary>
/// Makes maps of this node out of snapshots. Rates are since the snapshot before, which it holds on to until the next one or
/// <see cref="Forget"/>. One thread at a time.
/// </summary>
/// <param name="exchange">Where snapshots come from.</param>
/// <param name="node">What this node is called; null where nobody gave it a name.</param>
/// <param name="pollInterval">Time from one poll to the next.</param>
/// <param name="hasStore">Whether the cluster's map can be asked for.</param>
internal sealed class NodeMap(SnapshotExchange exchange, string? node, TimeSpan pollInterval, bool hasStore)
{
    private readonly LinkMap _map = new() { HasStore = hasStore };
    private readonly Dictionary<LinkIdentity, int> _linkOf = [];
    private readonly Dictionary<LinkIdentity, int> _rowBefore = [];
    private LinkSnapshot? _current;
    private LinkSnapshot? _before;
    private int[] _nodeOf = [];

    /// <summary>
    /// The map of the newest snapshot; false when <see cref="Map"/> is of that one already.
    /// </summary>
    public bool Update()
    {
        LinkSnapshot newest = exchange.Acquire();
        if (ReferenceEquals(newest, _current))
        {
            newest.Release();
            return false;
        }

        _before?.Release();
        (_before, _current) = (_current, newest);
        Fill();
        return true;
    }

    /// <summary>The map of the last <see cref="Update"/>; valid until the next one.</summary>
    public LinkMap Map => _map;

    /// <summary>Gives the snapshots back.</summary>
    public void Forget()
    {
        _before?.Release();
        _current?.Release();
        _before = _current = null;
    }

    private void Fill()
    {
        LinkSnapshot current = _current!;
        LinkColumns links = current.Links;
        _map.Clear();
        _map.Time = _map.To = links.ToUnixSeconds(links.Now);
        _map.From = Math.Min(Unix(current.Facts.StartTime), _map.To);
        _map.RateSeconds = _before is null ? 0 : Math.Max((links.Now - _before.Links.Now) / 10.0, 0.1);
        _map.Agents.Add(Describe(current));
        _linkOf.Clear();
        _rowBefore.Clear();
        PrepareNodes(current.WorkloadCount);
        for (int row = 0; row < links.Count; row++)
        {
            Add(links, row);
        }

        foreach (ref MapLink link in CollectionsMarshal.AsSpan(_map.Links))
        {
            link.RateSeconds = _before is not null ? _map.RateSeconds : Math.Max(_map.To - link.FirstSeen, 1);
        }

        _map.KeepLargest();
    }

    private void Add(LinkColumns links, int row)
    {
        LinkIdentity identity = links.Identities[row];
        LinkAccount totals = Read(links, row);
        int before = FindBefore(identity, row);
        LinkAccount recent = before < 0 ? totals : totals.Since(Read(_before!.Links, before));
        ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(_linkOf, identity with { Role = 0 }, out bool known);
        if (!known)
        {
            place = _map.Links.Count;
            _map.Links.Add(new MapLink
            {
                ClientNode = NodeOf(identity.Client),
                ServerNode = NodeOf(identity.Server),
                Port = identity.Port,
                FirstSeen = double.MaxValue,
            });
        }

        ref MapLink link = ref CollectionsMarshal.AsSpan(_map.Links)[place];
        link.SeenBy |= identity.Role;
        link.Totals.Join(in totals);
        link.Recent.Join(in recent);
        link.Open = Math.Max(link.Open, links.Open[row]);
        link.FirstSeen = Math.Min(link.FirstSeen, links.ToUnixSeconds(links.FirstSeen[row]));
        link.LastSeen = Math.Max(link.LastSeen, links.ToUnixSeconds(links.LastSeen[row]));
    }

    private static LinkAccount Read(LinkColumns links, int row)
    {
        bool isClient = links.Identities[row].Role == MapLink.Client;
        return new LinkAccount
        {
            BytesToServer = isClient ? links.SentBytes[row] : links.ReceivedBytes[row],
            BytesToClient = isClient ? links.ReceivedBytes[row] : links.SentBytes[row],
            Opened = links.Opened[row],
            Closed = links.Closed[row],
            Failed = links.Failed[row],
        };
    }

    // Rows rarely move: the same place first, an index of all places only when something did.
    private int FindBefore(LinkIdentity identity, int row)
    {
        if (_before is null)
        {
            return -1;
        }

        LinkColumns links = _before.Links;
        if (row < links.Count && IsSame(links.Identities[row], identity))
        {
            return row;
        }

        if (_rowBefore.Count == 0)
        {
            for (int i = 0; i < links.Count; i++)
            {
                _rowBefore[links.Identities[i]] = i;
            }
        }

        return _rowBefore.TryGetValue(identity, out int found) && IsSame(links.Identities[found], identity) ? found : -1;
    }

    // A number may mean another workload by now.
    private bool IsSame(LinkIdentity before, LinkIdentity now) =>
        before == now
        && ReferenceEquals(_before!.Workloads[before.Client], _current!.Workloads[now.Client])
        && ReferenceEquals(_before.Workloads[before.Server], _current.Workloads[now.Server]);

    private void PrepareNodes(int workloads)
    {
        if (_nodeOf.Length < workloads)
        {
            _nodeOf = new int[Math.Max(workloads, _nodeOf.Length * 2)];
        }

        Array.Fill(_nodeOf, -1);
    }

    private int NodeOf(int workload)
    {
        ref int index = ref _nodeOf[workload];
        if (index < 0)
        {
            index = _map.Nodes.Count;
            Workload named = _current!.Workloads[workload];
            _map.Nodes.Add(new MapNode(named.Name, named.Namespace, named.Kind, named.Owner));
        }

        return index;
    }

    private MapAgent Describe(LinkSnapshot snapshot)
    {
        AgentFacts facts = snapshot.Facts;
        AgentHealth health = snapshot.Health;
        return new MapAgent
        {
            Node = node,
            Up = true,
            Version = facts.Version,
            Kernel = facts.Kernel,
            Tier = facts.Tier,
            TierReason = facts.TierReason,
            StartTime = Unix(facts.StartTime),
            Polls = health.Polls,
            FailedPolls = health.FailedPolls,
            PollSeconds = health.PollDuration.TotalSeconds,
            PollInterval = pollInterval.TotalSeconds,
            LiveSockets = health.LiveSockets,
            Links = snapshot.Links.Count,
            LinkBudget = health.LinkBudget,
            LostUpdates = health.LostUpdates,
            LostConnections = health.LostConnections,
            LostBytes = health.LostBytes,
            MissedEvents = Sum(health.MissedEvents),
            PendingBytes = health.PendingSentBytes + (double)health.PendingReceivedBytes,
            ResidentBytes = health.ResidentBytes,
            MapBytes = Sum(health.MapMemoryBytes),
        };
    }

    private static double Sum(ReadOnlySpan<ulong> values)
    {
        double sum = 0;
        foreach (ulong value in values)
        {
            sum += value;
        }

        return sum;
    }

    private static double Sum(ReadOnlySpan<long> values)
    {
        double sum = 0;
        foreach (long value in values)
        {
            sum += value;
        }

        return sum;
    }

    private static double Unix(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;
}
