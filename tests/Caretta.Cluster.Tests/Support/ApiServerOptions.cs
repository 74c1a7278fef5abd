namespace Caretta.Cluster.Tests.Support;

/// <summary>How to start an <see cref="ApiServer"/>.</summary>
internal sealed record ApiServerOptions
{
    /// <summary>Whether controllers run: a Deployment gets a ReplicaSet and that gets pods, owners take what they own with them.</summary>
    public bool Controllers { get; init; }

    /// <summary>
    /// Whether watches are served from the server's memory. Without, they go to etcd, and a compaction there ends them with 410.
    /// </summary>
    public bool WatchCache { get; init; } = true;

    /// <summary>Further flags of kube-apiserver.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];
}
