using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Metrics;

/// <summary>What every page of this process has in common. Immutable; any thread.</summary>
/// <param name="facts">What never changes about the agent.</param>
/// <param name="families">Link families to export.</param>
internal sealed class MetricsLayout(AgentFacts facts, LinkFamilies families)
{
    /// <summary>The part about the agent.</summary>
    public HealthSection Health { get; } = new(facts);

    /// <summary>Link families to export.</summary>
    public LinkFamilies Families { get; } = families;
}
