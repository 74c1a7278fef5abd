namespace Caretta.Aot.Policies;

/// <summary>What policies need to know of a namespace.</summary>
internal sealed class NamespaceFacts
{
    /// <summary>Its pods that have not ended.</summary>
    public List<PodFacts> Pods { get; } = [];

    /// <summary>Its services by name.</summary>
    public Dictionary<string, ServiceFacts> Services { get; } = [];
}
