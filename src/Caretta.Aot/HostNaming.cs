using Caretta.Aot.Host;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot;

/// <summary>Names on a machine without a cluster: units, containers, processes, addresses. Nothing of it changes by itself.</summary>
internal sealed class HostNaming : INaming
{
    private readonly HostNames _names;

    /// <summary>Knows nothing yet.</summary>
    public HostNaming(WorkloadTable workloads, ICgroupPaths cgroups)
    {
        _names = new HostNames(workloads, cgroups, new ContainerNames(), TimeProvider.System);
        Resolver = new HostResolver(_names);
    }

    /// <inheritdoc/>
    public ILinkResolver Resolver { get; }

    /// <summary>No: on a single machine loopback is where much of it happens.</summary>
    public bool SkipsLoopback => false;

    /// <inheritdoc/>
    public bool WantsPoll => false;

    /// <inheritdoc/>
    public void ApplyChanges(LinkTable links)
    {
        // Names are looked up when they are needed.
    }

    /// <inheritdoc/>
    public void Tidy(LinkTable links)
    {
        // Bounded in number from the start.
    }

    /// <inheritdoc/>
    public void ReadHealth(AgentHealth health)
    {
        health.UnresolvedEnds = _names.UnresolvedEnds;
        health.FoldedEnds = _names.FoldedEnds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Holds nothing but memory.
    }
}
