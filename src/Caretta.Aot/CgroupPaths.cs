using System.Diagnostics.CodeAnalysis;
using Caretta.Aot.Identity;
using Caretta.Bpf;

namespace Caretta.Aot;

/// <summary>The machine's cgroups, for naming, which knows no BPF. Poll thread only.</summary>
/// <param name="tree">The tree; null where cgroup v2 is not mounted, and nobody can be named by it.</param>
internal sealed class CgroupPaths(CgroupTree? tree) : ICgroupPaths
{
    /// <inheritdoc/>
    public bool TryGetPath(ulong id, [NotNullWhen(true)] out string? path)
    {
        path = null;
        return tree is not null && tree.TryGetPath(id, out path);
    }
}
