namespace Caretta.Aot.Policies;

/// <summary>All policies that follow from what was seen.</summary>
internal sealed class PolicyPlan
{
    /// <summary>By namespace and name.</summary>
    public List<PlannedPolicy> Policies { get; } = [];

    /// <summary>Workloads without a policy, and why; sorted.</summary>
    public SortedSet<string> Left { get; } = new(StringComparer.Ordinal);

    /// <summary>What is true of all; in order.</summary>
    public List<string> Notes { get; } = [];
}
