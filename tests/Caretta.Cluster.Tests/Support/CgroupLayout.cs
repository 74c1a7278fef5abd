namespace Caretta.Cluster.Tests.Support;

/// <summary>Who names control groups: the kubelet's driver and the runtime.</summary>
internal enum CgroupLayout
{
    SystemdContainerd,
    SystemdCrio,
    SystemdDocker,

    /// <summary>The cgroupfs driver; all runtimes are alike.</summary>
    Cgroupfs,

    /// <summary>Nothing in the v2 tree, as on a hybrid machine whose runtime keeps to v1: only addresses tell the pod.</summary>
    Elsewhere,
}
