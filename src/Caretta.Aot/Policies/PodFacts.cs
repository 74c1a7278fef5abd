namespace Caretta.Aot.Policies;

/// <summary>What policies need to know of a pod.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="HostNetwork">Whether it lives in its node's network.</param>
/// <param name="Addresses">Its addresses.</param>
internal sealed record PodFacts(string Name, Dictionary<string, string> Labels, bool HostNetwork, IReadOnlyList<string> Addresses)
{
    /// <summary>The TCP ports of its containers that have a name, by it; kept of pods in their node's network only.</summary>
    public IReadOnlyDictionary<string, int> Ports { get; init; } = new Dictionary<string, int>();
}
