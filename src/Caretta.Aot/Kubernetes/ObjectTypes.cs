using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Kubernetes;

/// <summary>The types that are watched.</summary>
internal static class ObjectTypes
{
    /// <summary>Pods of all namespaces.</summary>
    public static ObjectType<PodObject> Pods { get; } = new("pods", "", "api/v1/pods", static () => new PodDecoder());

    /// <summary>Services of all namespaces.</summary>
    public static ObjectType<ServiceObject> Services { get; } = new("services", "", "api/v1/services", static () => new ServiceDecoder());

    /// <summary>Nodes.</summary>
    public static ObjectType<NodeObject> Nodes { get; } = new("nodes", "", "api/v1/nodes", static () => new NodeDecoder());

    /// <summary>EndpointSlices of all namespaces.</summary>
    public static ObjectType<EndpointSliceObject> EndpointSlices { get; } = new(
        "endpointslices", "discovery.k8s.io", "apis/discovery.k8s.io/v1/endpointslices", static () => new EndpointSliceDecoder());
}
