namespace Caretta.Cluster.Tests.Scale;

/// <summary>What successive changes make of a pod, in this order and round again.</summary>
internal enum ScalePodState
{
    Running,
    Terminating,

    /// <summary>Deleted; the place is empty.</summary>
    Gone,

    /// <summary>A new one, without address.</summary>
    Pending,
}
