namespace Caretta.Cluster.Tests.Support;

/// <summary>Who names control groups: the kubelet's driver and the runtime.</summary>
internal enum CgroupLayout
{
    SystemdContainerd,
    SystemdCrio,
    SystemdDocker,

    /// <summary>The cgroupfs driver; all runtimes are alike.</summary>
    Cgroupfs,
}
