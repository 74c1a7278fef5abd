using Caretta.Aot.Export;

namespace Caretta.Aot.Policies;

/// <summary>A NetworkPolicy to be written.</summary>
/// <param name="Workload">For whom.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="Selector">Its pods.</param>
internal sealed record PlannedPolicy(SeenNode Workload, string Name, PodSelector Selector)
{
    /// <summary>Who may connect, by <see cref="PolicyPeer.Key"/>.</summary>
    public SortedDictionary<string, PolicyRule> Ingress { get; } = new(StringComparer.Ordinal);

    /// <summary>To whom it may connect.</summary>
    public SortedDictionary<string, PolicyRule> Egress { get; } = new(StringComparer.Ordinal);

    /// <summary>What a reader must know; sorted.</summary>
    public SortedSet<string> Warnings { get; } = new(StringComparer.Ordinal);

    /// <summary>Allows a peer.</summary>
    public static void Allow(SortedDictionary<string, PolicyRule> rules, PolicyPeer peer, PolicyPort port, string name)
    {
        if (!rules.TryGetValue(peer.Key, out PolicyRule? rule))
        {
            rule = new PolicyRule(peer);
            rules.Add(peer.Key, rule);
        }

        rule.Ports.Add(port);
        rule.Names.Add(name);
    }
}
