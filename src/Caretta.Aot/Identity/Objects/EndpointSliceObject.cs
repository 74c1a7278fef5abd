namespace Caretta.Aot.Identity.Objects;

/// <summary>What is used of an EndpointSlice (<c>discovery.k8s.io/v1</c>): some of the addresses behind a service. Immutable; any thread.</summary>
/// <param name="Uid">The slice's own uid; a service may have many slices.</param>
/// <param name="Namespace">Namespace of slice and service.</param>
/// <param name="ServiceName">The service (label <c>kubernetes.io/service-name</c>); empty for a slice that belongs to none.</param>
/// <param name="Endpoints">Its addresses; none for slices of names (address type <c>FQDN</c>).</param>
internal sealed record EndpointSliceObject(Uid Uid, string Namespace, string ServiceName, ServiceEndpoint[] Endpoints);
