namespace Caretta.Cluster.Tests.Support;

/// <summary>The servers of Kubernetes, as <c>tests/cluster/fetch-kubernetes.sh</c> leaves them.</summary>
internal static class ClusterTools
{
    /// <summary>Where they lie; null when the tests were started without them.</summary>
    public static string? Directory { get; } = Environment.GetEnvironmentVariable("CARETTA_CLUSTER_TOOLS");

    /// <summary>The path of one of them.</summary>
    public static string Find(string name) =>
        Path.Combine(Directory ?? throw new InvalidOperationException("needs etcd and kube-apiserver (CARETTA_CLUSTER_TOOLS is not set): run sudo ./build.sh test-cluster"), name);
}
