namespace Caretta.Aot.Cluster;

/// <summary>
/// Types of objects that are watched. Where two types claim one address the smaller number wins: a load balancer may give a service the
/// address of a node, and most of what arrives there is the node's.
/// </summary>
internal enum ClusterObjectType : byte
{
    /// <summary>Pods.</summary>
    Pod = 0,

    /// <summary>Nodes.</summary>
    Node = 1,

    /// <summary>Services.</summary>
    Service = 2,

    /// <summary>Endpoint slices; asked for only where services are shown as workloads.</summary>
    EndpointSlice = 3,
}
