namespace Caretta.Aot.Cluster;

/// <summary>What users choose about names. Immutable.</summary>
/// <param name="TraverseUpHierarchy">Name a pod by the owner at the top; else by itself, with its direct controller as owner.</param>
/// <param name="ServiceAsWorkload">Show the workload behind a service where all its endpoints have one owner.</param>
internal sealed record NamingRules(bool TraverseUpHierarchy = true, bool ServiceAsWorkload = false);
