using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;

namespace Caretta.Aot;

/// <summary>Where names come from: the machine alone, or the cluster it is a node of. Poll thread only, unless it is said otherwise.</summary>
internal interface INaming : IDisposable
{
    /// <summary>Names the ends of links.</summary>
    ILinkResolver Resolver { get; }

    /// <summary>Whether connections that never leave their network namespace are counted but not shown.</summary>
    bool SkipsLoopback { get; }

    /// <summary>Whether a change waits that must not be applied before the bytes counted so far were drained, so that a poll should come now.</summary>
    bool WantsPoll { get; }

    /// <summary>Applies what has changed, right after the kernel was drained to <paramref name="links"/>.</summary>
    void ApplyChanges(LinkTable links);

    /// <summary>Gives up what no link needs any more, at the end of a poll.</summary>
    void Tidy(LinkTable links);

    /// <summary>Fills in what it knows about itself. Allocates nothing.</summary>
    void ReadHealth(AgentHealth health);
}
