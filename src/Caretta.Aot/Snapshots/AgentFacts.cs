namespace Caretta.Aot.Snapshots;

/// <summary>What is known about the agent once it has started and does not change afterwards. Immutable.</summary>
internal sealed record AgentFacts
{
    /// <summary>Version of the agent.</summary>
    public required string Version { get; init; }

    /// <summary>Source revision it was built from; null when unknown.</summary>
    public string? Revision { get; init; }

    /// <summary>Release of the running kernel (<c>uname -r</c>).</summary>
    public required string Kernel { get; init; }

    /// <summary>Tier that runs: <c>main</c>, <c>fallback</c>, ….</summary>
    public required string Tier { get; init; }

    /// <summary>Why no better tier runs; null for the best one.</summary>
    public string? TierReason { get; init; }

    /// <summary>When the agent started.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>Names of the BPF programs, in the order of <see cref="AgentHealth.MissedEvents"/>.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];

    /// <summary>Names of the BPF maps, in the order of <see cref="AgentHealth.MapMemoryBytes"/>.</summary>
    public IReadOnlyList<string> Maps { get; init; } = [];

    /// <summary>Kinds of objects watched in a cluster, in the order of <see cref="AgentHealth.WatcherEvents"/>; none on a host.</summary>
    public IReadOnlyList<string> WatchedTypes { get; init; } = [];
}
