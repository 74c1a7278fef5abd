using System.Diagnostics.CodeAnalysis;
using System.Net;
using Caretta.Aot.Cluster;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Links;
using Caretta.Aot.Snapshots;
using Caretta.Aot.Tests.Http;
using Xunit;

namespace Caretta.Aot.Tests.Cluster;

/// <summary>
/// A cluster as a test tells it, and the agent's parts from the drained keys to the columns that are shown, wired as the agent wires them.
/// </summary>
internal sealed class ClusterFixture : ICgroupPaths
{
    public const string ThisNode = "node-1";

    private Action? _nameHeld;
    private ulong _uids = 1;

    public ClusterFixture(NamingRules? rules = null, LinkLimits? limits = null, IAddressNames? dns = null, bool ready = true)
    {
        rules ??= new NamingRules();
        Index = new WorkloadIndex(Workloads, Owners, Time, rules);
        Names = new ClusterNames(Workloads, Index, this, ThisNode, Time, dns);
        Changes = new ClusterChanges(() => Wakes++);
        Resolver = new ClusterResolver(Names, rules);
        Table = new LinkTable(Resolver, limits ?? new LinkLimits { SkipLoopback = true }, Time);
        if (ready)
        {
            SyncAll();
            Changes.ApplyTo(Index, _nameHeld ??= Table.NameHeld);
        }
    }

    public FakeTime Time { get; } = new();

    public FakeOwners Owners { get; } = new();

    public WorkloadTable Workloads { get; } = new();

    public WorkloadIndex Index { get; }

    public ClusterNames Names { get; }

    public ClusterResolver Resolver { get; }

    public ClusterChanges Changes { get; }

    public LinkTable Table { get; }

    public Dictionary<ulong, string> Cgroups { get; } = [];

    public int Wakes { get; private set; }

    public int PathLookups { get; private set; }

    public static NetAddress Address(string text) => NetAddress.From(IPAddress.Parse(text));

    public static NetAddress[] Addresses(params string[] texts) => [.. texts.Select(Address)];

    public Uid NewUid() => new(0x1234, _uids++);

    public void SyncAll()
    {
        Changes.Apply(ObjectChangeKind.Synced, (PodObject?)null);
        Changes.Apply(ObjectChangeKind.Synced, (ServiceObject?)null);
        Changes.Apply(ObjectChangeKind.Synced, (NodeObject?)null);
        Changes.Apply(ObjectChangeKind.Synced, (EndpointSliceObject?)null);
    }

    /// <summary>A pod of a Deployment whose ReplicaSet is known, or of none.</summary>
    public PodObject Pod(string name, string? deployment, params string[] addresses)
    {
        OwnerReference? controller = deployment is null ? null : Controller("ReplicaSet", deployment + "-5d4f", "Deployment", deployment);
        return new PodObject(NewUid(), name, "demo", ThisNode, controller, Addresses(addresses), false, false, false);
    }

    public OwnerReference Controller(string kind, string name, string? topKind = null, string? topName = null)
    {
        var controller = new OwnerReference("apps/v1", kind, name, NewUid());
        if (topKind is not null)
        {
            Owners.Learn(controller, new OwnerReference("apps/v1", topKind, topName!, NewUid()));
        }

        return controller;
    }

    public void Add(PodObject pod) => Changes.Apply(ObjectChangeKind.Upserted, pod);

    public void Add(ServiceObject service) => Changes.Apply(ObjectChangeKind.Upserted, service);

    public void Add(NodeObject node) => Changes.Apply(ObjectChangeKind.Upserted, node);

    public void Delete(PodObject pod) => Changes.Apply(ObjectChangeKind.Deleted, pod);

    /// <summary>The control group of a container of a pod here.</summary>
    public ulong Cgroup(Uid pod)
    {
        ulong id = (ulong)Cgroups.Count + 100;
        Cgroups[id] = $"/kubepods.slice/kubepods-pod{pod.ToString().Replace('-', '_')}.slice/cri-containerd-{new string('a', 64)}.scope";
        return id;
    }

    public static LinkKey Key(
        string remote, ulong cgroup = 0, string local = "192.168.0.1", ushort port = 80, LinkRole role = LinkRole.Client) =>
        new(Address(local), Address(remote), new SocketOwner(cgroup, 1, 0), default, port, role, LinkKeyFlags.None);

    /// <summary>One poll as the agent makes it: drained, then the index learns, then the table settles.</summary>
    public void Poll(ReadOnlySpan<LinkKey> keys, ReadOnlySpan<LinkDelta> deltas)
    {
        Table.Apply(keys, deltas);
        Changes.ApplyTo(Index, _nameHeld ??= Table.NameHeld);
        Table.EndPoll();
        Resolver.Tidy(Table);
    }

    public void Poll() => Poll([], []);

    public void Poll(in LinkKey key, ulong sent) => Poll([key], [new LinkDelta(sent, 0, 0, 0, 0, 0)]);

    /// <summary>What is shown: <c>namespace/kind/name→namespace/kind/name:port=sent</c>.</summary>
    public string[] Shown()
    {
        List<string> shown = [];
        for (int i = 0; i < Table.Columns.Count; i++)
        {
            LinkIdentity link = Table.Columns.Identities[i];
            shown.Add($"{Text(link.Client)}→{Text(link.Server)}:{link.Port}={Table.Columns.SentBytes[i]}");
        }

        return [.. shown.Order(StringComparer.Ordinal)];
    }

    /// <summary>Every byte sent that was applied, wherever it is now.</summary>
    public ulong AllSent()
    {
        ulong sum = Table.HeldSentBytes + Table.Ledger.ExpiredSentBytes;
        foreach (ulong sent in Table.Columns.SentBytes)
        {
            sum += sent;
        }

        return sum;
    }

    /// <summary>The names of both ends of a key that waits for nothing but the end of the poll.</summary>
    public (string Client, string Server) Resolve(in LinkKey key)
    {
        LinkEnds ends = Resolver.Resolve(in key, TimeSpan.FromTicks(1));
        Assert.False(ends.IsHeld);
        return (Text(ends.Client), Text(ends.Server));
    }

    public bool TryGetPath(ulong id, [NotNullWhen(true)] out string? path)
    {
        PathLookups++;
        return Cgroups.TryGetValue(id, out path);
    }

    private string Text(int workload)
    {
        Workload name = Workloads[workload];
        return $"{name.Namespace}/{name.Kind}/{name.Name}{(name.Owner is null ? "" : "/" + name.Owner)}";
    }
}
