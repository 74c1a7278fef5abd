using System.Diagnostics.CodeAnalysis;

namespace Caretta.Aot.Identity;

/// <summary>Finds control groups by their number. Called on the poll thread.</summary>
internal interface ICgroupPaths
{
    /// <summary>Looks up a cgroup of the v2 tree.</summary>
    /// <param name="id">Number of the cgroup, as <c>bpf_get_current_cgroup_id</c> gives it.</param>
    /// <param name="path">Path from the root of the tree, beginning with <c>/</c>, as in <c>/proc/PID/cgroup</c>.</param>
    /// <returns>False when there is no such cgroup, or not yet.</returns>
    bool TryGetPath(ulong id, [NotNullWhen(true)] out string? path);
}
