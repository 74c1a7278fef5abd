using System.Buffers;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// Finds pod and container in the path of a control group. Both drivers of the kubelet are understood (systemd:
/// <c>kubepods-burstable-podUID.slice/cri-containerd-ID.scope</c>; cgroupfs: <c>kubepods/burstable/podUID/ID</c>), the paths of containerd,
/// CRI-O and cri-dockerd, <c>SLICE:cri-containerd:ID</c> of a runtime that was told the wrong driver, and a kubelet with a root of its own
/// (<c>kubelet-kubepods-…</c>, <c>/kubelet/kubepods/…</c>). The outermost pod wins: one inside it belongs to a cluster inside it.
/// Sources: Kubernetes pkg/kubelet/cm, cgroup_manager_linux.go (ToSystemd, ToCgroupfs) and pod_container_manager_linux.go (GetPodContainerName).
/// </summary>
internal static class PodCgroup
{
    private const int ContainerIdLength = 64;
    private const string Root = "kubepods";
    private const string Slice = ".slice";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Reads a path as in <c>/proc/PID/cgroup</c>. Any text is accepted.</summary>
    /// <param name="path">Path from the root of the tree.</param>
    /// <param name="pod">The pod's uid, or for a static pod the hash of its configuration.</param>
    /// <param name="containerId">64 hexadecimal digits; empty for a process of the pod that is in no container.</param>
    /// <returns>False when the path is not a pod's.</returns>
    public static bool TryParse(ReadOnlySpan<char> path, out Uid pod, out ReadOnlySpan<char> containerId)
    {
        pod = Uid.None;
        containerId = default;
        bool belowRoot = false;
        foreach (Range range in path.Split('/'))
        {
            ReadOnlySpan<char> segment = path[range];
            if (pod.IsNone)
            {
                pod = PodOf(segment, belowRoot, out ReadOnlySpan<char> tail);
                belowRoot |= segment is Root;
                segment = tail;
            }

            if (!pod.IsNone && TryContainer(segment, out containerId))
            {
                break;
            }
        }

        return !pod.IsNone;
    }

    // What follows the pod in the same segment goes to tail: "SLICE:cri-containerd:ID".
    private static Uid PodOf(ReadOnlySpan<char> segment, bool belowRoot, out ReadOnlySpan<char> tail)
    {
        tail = default;
        if (belowRoot && segment.StartsWith("pod"))
        {
            return Uid.Parse(segment["pod".Length..]);
        }

        int end = segment.IndexOf(Slice);
        if (end < 0)
        {
            return Uid.None;
        }

        tail = segment[(end + Slice.Length)..];
        ReadOnlySpan<char> name = segment[..end];
        int root = name.IndexOf(Root);

        // systemd writes a slice's parents into its name, and a dash inside a name as an underscore: the uid holds no dash.
        int last = name.LastIndexOf('-');
        return root >= 0 && (root == 0 || name[root - 1] == '-') && last > root && name[(last + 1)..].StartsWith("pod")
            ? Uid.Parse(name[(last + 1 + "pod".Length)..])
            : Uid.None;
    }

    private static bool TryContainer(ReadOnlySpan<char> segment, out ReadOnlySpan<char> id)
    {
        id = default;
        ReadOnlySpan<char> stem = segment.EndsWith(".scope") ? segment[..^".scope".Length] : segment;
        if (stem.Length < ContainerIdLength || stem[^ContainerIdLength..].ContainsAnyExcept(HexDigits))
        {
            return false;
        }

        ReadOnlySpan<char> prefix = stem[..^ContainerIdLength];
        if (!prefix.IsEmpty && prefix[^1] is not ('-' or ':'))
        {
            return false;
        }

        id = stem[^ContainerIdLength..];
        return true;
    }
}
