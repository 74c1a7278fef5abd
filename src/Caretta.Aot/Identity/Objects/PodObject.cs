namespace Caretta.Aot.Identity.Objects;

/// <summary>What is used of a pod. Immutable; any thread.</summary>
/// <param name="Uid">The pod's uid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="NodeName">The node it is bound to; null before it is scheduled.</param>
/// <param name="Controller">What controls it; null for a bare pod.</param>
/// <param name="Addresses">
/// <c>status.podIPs</c>, of both families, or <c>status.podIP</c>; empty before the pod has an address. The node's own with
/// <paramref name="HostNetwork"/>.
/// </param>
/// <param name="HostNetwork">Whether it lives in the node's network namespace, and its addresses are not its own.</param>
/// <param name="IsTerminated">Whether it has ended (phase <c>Succeeded</c> or <c>Failed</c>): its addresses may be anyone's.</param>
/// <param name="IsTerminating">Whether it was asked to end (a deletion timestamp is set). It may still talk.</param>
/// <param name="CreatedSeconds"><c>metadata.creationTimestamp</c>, in seconds since 1970 UTC; 0 if unknown.</param>
/// <param name="ConfigHash">
/// The annotation <c>kubernetes.io/config.hash</c>, by which the control groups of a static pod are named instead of by
/// <paramref name="Uid"/>; none for other pods.
/// </param>
internal sealed record PodObject(
    Uid Uid,
    string Name,
    string Namespace,
    string? NodeName,
    OwnerReference? Controller,
    NetAddress[] Addresses,
    bool HostNetwork,
    bool IsTerminated,
    bool IsTerminating,
    long CreatedSeconds = 0,
    Uid ConfigHash = default);
