namespace Caretta.Aot.Identity.Objects;

/// <summary>One address behind a service.</summary>
/// <param name="Address">The address.</param>
/// <param name="TargetKind"><c>targetRef.kind</c>, nearly always <c>Pod</c>; null where nothing is named.</param>
/// <param name="TargetName"><c>targetRef.name</c>; null where nothing is named.</param>
/// <param name="TargetUid"><c>targetRef.uid</c>; none where it is not given.</param>
internal readonly record struct ServiceEndpoint(NetAddress Address, string? TargetKind, string? TargetName, Uid TargetUid);
