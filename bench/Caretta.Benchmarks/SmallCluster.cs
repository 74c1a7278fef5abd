using System.Diagnostics.CodeAnalysis;
using System.Globalization;

using Caretta.Aot;
using Caretta.Aot.Cluster;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Benchmarks;

/// <summary>A cluster of one node to this side, and so many pods of a thousand workloads on the other.</summary>
internal sealed class SmallCluster : ICgroupPaths, IOwnerSource
{
    private const int Pods = 20_000;
    private const int Workloads = 1000;
    private const string Node = "node-1";
    private const string Space = "production";

    private static readonly Uid Here = new(1, 1);

    /// <inheritdoc/>
    public long Epoch => 0;

    /// <summary>Names the keys of <see cref="Benchmarks.Workloads"/>: their clients run in one pod, the first so many servers are pods.</summary>
    public static ClusterResolver Resolver()
    {
        var cluster = new SmallCluster();
        var rules = new NamingRules();
        var table = new WorkloadTable();
        var index = new WorkloadIndex(table, cluster, TimeProvider.System, rules);
        var changes = new ClusterChanges(static () => { });
        changes.Apply(ObjectChangeKind.Upserted, new PodObject(Here, "client-0", Space, Node, Controller("client", 0), [], false, false, false));
        for (int i = 0; i < Pods; i++)
        {
            string workload = string.Create(CultureInfo.InvariantCulture, $"checkout-service-{i % Workloads}");
            changes.Apply(
                ObjectChangeKind.Upserted,
                new PodObject(
                    new Uid(2, (ulong)i), string.Create(CultureInfo.InvariantCulture, $"{workload}-{i / Workloads}"), Space, "node-2",
                    Controller(workload, i % Workloads), [Benchmarks.Workloads.RemoteAddress(i)], false, false, false));
        }

        changes.Apply(ObjectChangeKind.Synced, (PodObject?)null);
        changes.Apply(ObjectChangeKind.Synced, (ServiceObject?)null);
        changes.Apply(ObjectChangeKind.Synced, (NodeObject?)null);
        changes.Apply(ObjectChangeKind.Synced, (EndpointSliceObject?)null);
        changes.ApplyTo(index);
        return new ClusterResolver(new ClusterNames(table, index, cluster, Node, TimeProvider.System), rules);
    }

    /// <inheritdoc/>
    public bool TryGetPath(ulong id, [NotNullWhen(true)] out string? path)
    {
        path = string.Create(CultureInfo.InvariantCulture, $"/kubepods.slice/kubepods-pod{Here.ToString().Replace('-', '_')}.slice/cri-containerd-{new string('a', 64)}.scope");
        return true;
    }

    /// <inheritdoc/>
    public bool TryGetTop(string space, OwnerReference controller, [NotNullWhen(true)] out OwnerReference? top)
    {
        top = controller;
        return true;
    }

    private static OwnerReference Controller(string name, int number) => new("apps/v1", "StatefulSet", name, new Uid(3, (ulong)number));
}
