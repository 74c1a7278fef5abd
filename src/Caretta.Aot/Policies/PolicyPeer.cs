namespace Caretta.Aot.Policies;

/// <summary>One peer of a rule: pods of a namespace, or one address.</summary>
/// <param name="Namespace">Namespace of the pods; null for the policy's own.</param>
/// <param name="Pods">The pods; null for an address.</param>
/// <param name="Block">The address with its full prefix length; null for pods.</param>
internal sealed record PolicyPeer(string? Namespace, PodSelector? Pods, string? Block)
{
    /// <summary>The same text for the same peer; orders peers, pods first.</summary>
    public string Key => Pods is null ? "b " + Block : $"a {Namespace}/{Pods}";
}
