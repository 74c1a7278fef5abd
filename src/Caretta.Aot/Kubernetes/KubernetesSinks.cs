using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Kubernetes;

/// <summary>Who takes the objects, by type.</summary>
/// <param name="Pods">Takes pods.</param>
/// <param name="Services">Takes services.</param>
/// <param name="Nodes">Takes nodes.</param>
/// <param name="EndpointSlices">Takes EndpointSlices; null if they are not wanted, and not watched then.</param>
internal sealed record KubernetesSinks(
    IObjectSink<PodObject> Pods,
    IObjectSink<ServiceObject> Services,
    IObjectSink<NodeObject> Nodes,
    IObjectSink<EndpointSliceObject>? EndpointSlices);
