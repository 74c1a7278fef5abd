namespace Caretta.Aot.Cluster;

/// <summary>How long bytes wait for the right name before they go under the next best one. Immutable.</summary>
internal sealed record ClusterTimings
{
    /// <summary>Wait for an owner that is being looked up. Then: the direct controller.</summary>
    public TimeSpan Owner { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait for a pod that has a control group here and is not in the index. Then: by address, or the node.</summary>
    public TimeSpan Pod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Wait for the next owner of an address that its last owner gave up. Then: the last owner.</summary>
    public TimeSpan Vacancy { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Wait for the owner of an address never seen before that lies among those of pods: a new pod talks before the API server tells of
    /// its address. Then: external. Also for an address that leads to a socket here and is nobody's, which may be a new service's. Then: whose
    /// the socket is.
    /// </summary>
    public TimeSpan NewAddress { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Wait for the name of an external address, the first time. Then: the address.</summary>
    public TimeSpan Dns { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long objects that are gone are remembered, for bytes that come late.</summary>
    public TimeSpan Departed { get; init; } = TimeSpan.FromMinutes(2);
}
