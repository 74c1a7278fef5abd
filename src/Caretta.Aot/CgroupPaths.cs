using System.Diagnostics.CodeAnalysis;
using Caretta.Aot.Identity;
using Caretta.Bpf;

namespace Caretta.Aot;

/// <summary>The machine's cgroups, for naming, which knows no BPF. Poll thread only.</summary>
internal sealed class CgroupPaths(CgroupTree tree) : ICgroupPaths
{
    /// <inheritdoc/>
    public bool TryGetPath(ulong id, [NotNullWhen(true)] out string? path) => tree.TryGetPath(id, out path);
}
