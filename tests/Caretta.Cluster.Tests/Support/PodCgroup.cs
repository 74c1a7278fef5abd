using System.Globalization;

using Caretta.Testing;

namespace Caretta.Cluster.Tests.Support;

/// <summary>The control group of a container, made as a kubelet and a runtime make it, in the cgroup v2 tree of this machine. Needs root.</summary>
internal sealed class PodCgroup : IDisposable
{
    private readonly string _path;

    private PodCgroup(string path) => _path = path;

    /// <summary>Makes one.</summary>
    /// <param name="podUid">The pod's uid, with hyphens.</param>
    /// <param name="containerId">64 hexadecimal digits.</param>
    /// <param name="layout">Whose names.</param>
    /// <param name="quality">The pod's class: "" is guaranteed, else <c>burstable</c> or <c>besteffort</c>.</param>
    public static PodCgroup Create(string podUid, string containerId, CgroupLayout layout, string quality = "burstable")
    {
        // kubelet: pkg/kubelet/cm/cgroup_manager_linux.go. The systemd driver writes "_" for "-", which separates slices.
        string slice = quality.Length > 0 ? $"kubepods-{quality}" : "kubepods";
        string parent = quality.Length > 0 ? $"kubepods.slice/{slice}.slice" : "kubepods.slice";
        string pod = $"{parent}/{slice}-pod{podUid.Replace('-', '_')}.slice";
        string path = layout switch
        {
            CgroupLayout.SystemdContainerd => $"{pod}/cri-containerd-{containerId}.scope",
            CgroupLayout.SystemdCrio => $"{pod}/crio-{containerId}.scope",
            CgroupLayout.SystemdDocker => $"{pod}/docker-{containerId}.scope",
            _ => quality.Length > 0 ? $"kubepods/{quality}/pod{podUid}/{containerId}" : $"kubepods/pod{podUid}/{containerId}",
        };
        Directory.CreateDirectory(System.IO.Path.Combine(RootCgroup.Mount, path));
        return new PodCgroup(path);
    }

    /// <summary>Below the mount point, as in <c>/proc/PID/cgroup</c>.</summary>
    public string Path => "/" + _path;

    /// <summary>Moves a process there; sockets that it creates from now on belong there too.</summary>
    public void Adopt(int processId) => File.WriteAllText(
        System.IO.Path.Combine(RootCgroup.Mount, _path, "cgroup.procs"), processId.ToString(CultureInfo.InvariantCulture));

    /// <summary>Removes it, and what is above it if nobody else is there. Its processes must have ended.</summary>
    public void Dispose()
    {
        for (string? path = _path; !string.IsNullOrEmpty(path); path = System.IO.Path.GetDirectoryName(path))
        {
            try
            {
                // Not recursive: the files in it are the kernel's.
                Directory.Delete(System.IO.Path.Combine(RootCgroup.Mount, path));
            }
            catch (IOException) when (path != _path)
            {
                return;     // other pods, here or of another test
            }
        }
    }
}
