using Caretta.Aot.Export;

namespace Caretta.Aot.Policies;

/// <summary>What the cluster says of everything that was seen.</summary>
internal sealed class PolicyFacts
{
    /// <summary>By namespace.</summary>
    public Dictionary<string, NamespaceFacts> Namespaces { get; } = [];

    /// <summary>By workload, without its owner.</summary>
    public Dictionary<SeenNode, WorkloadFacts> Workloads { get; } = [];

    /// <summary>Addresses of nodes by name.</summary>
    public Dictionary<string, IReadOnlyList<string>> Nodes { get; } = [];

    /// <summary>What could not be read, in words for a comment.</summary>
    public List<string> Gaps { get; } = [];

    /// <summary>What the cluster says of a namespace; nothing where it says nothing.</summary>
    public NamespaceFacts In(string space) => Namespaces.TryGetValue(space, out NamespaceFacts? facts) ? facts : new NamespaceFacts();
}
