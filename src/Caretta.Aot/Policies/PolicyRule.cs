namespace Caretta.Aot.Policies;

/// <summary>One peer, the ports that it may use or be used on, and for whom that is.</summary>
/// <param name="Peer">The peer.</param>
internal sealed record PolicyRule(PolicyPeer Peer)
{
    /// <summary>Sorted.</summary>
    public SortedSet<PolicyPort> Ports { get; } = [];

    /// <summary>Names of what was seen, for a comment; sorted.</summary>
    public SortedSet<string> Names { get; } = new(StringComparer.Ordinal);
}
