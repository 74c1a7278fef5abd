namespace Caretta.Aot.Policies;

/// <summary>What policies need to know of a workload.</summary>
/// <param name="Selector">Its pods; null where they cannot be selected.</param>
/// <param name="Reason">Why they cannot; empty where they can.</param>
/// <param name="TemplateLabels">The labels that its pods are made with.</param>
/// <param name="HostNetwork">Whether its pods live in their nodes' network, where no policy selects them.</param>
internal sealed record WorkloadFacts(
    PodSelector? Selector, string Reason, IReadOnlyDictionary<string, string> TemplateLabels, bool HostNetwork = false)
{
    /// <summary>A workload whose pods cannot be selected.</summary>
    public static WorkloadFacts Unknown(string reason) => new(null, reason, new Dictionary<string, string>());
}
