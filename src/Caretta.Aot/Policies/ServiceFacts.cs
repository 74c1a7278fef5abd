namespace Caretta.Aot.Policies;

/// <summary>What policies need to know of a service.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its own labels.</param>
/// <param name="Selector">The pods behind it; null where it has none.</param>
/// <param name="Ports">Its ports.</param>
internal sealed record ServiceFacts(
    string Name, Dictionary<string, string> Labels, PodSelector? Selector, IReadOnlyList<ServicePortFacts> Ports)
{
    /// <summary>What somebody wrote to be behind it; empty where a selector says that.</summary>
    public IReadOnlyList<EndpointFacts> Endpoints { get; init; } = [];

    /// <summary>Its own addresses; none for a headless one.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];
}
