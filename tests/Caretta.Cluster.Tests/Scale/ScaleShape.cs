namespace Caretta.Cluster.Tests.Scale;

/// <summary>How large a made-up cluster is.</summary>
/// <param name="Pods">A multiple of <paramref name="Workloads"/>.</param>
/// <param name="Workloads">Each with a service of its own name.</param>
/// <param name="Nodes">At least one for 40 pods.</param>
internal sealed record ScaleShape(int Pods, int Workloads, int Nodes)
{
    /// <summary>The cluster that the agent's memory is measured on.</summary>
    public static ScaleShape Large { get; } = new(20_000, 2_000, 500);

    public static ScaleShape Small { get; } = new(200, 20, 5);
}
