using Caretta.Aot.Cluster;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Links;
using Caretta.Testing;
using Xunit;
using static Caretta.Aot.Tests.Cluster.ClusterFixture;

namespace Caretta.Aot.Tests.Cluster;

/// <summary>What each end of a link is called.</summary>
public sealed class IdentityTests
{
    private const string HostProcess = "node/node/" + ThisNode;

    [Fact]
    public void The_example_that_users_know_has_its_ids()
    {
        var cluster = new ClusterFixture();
        PodObject checkout = cluster.Pod("checkoutservice-abc", "checkoutservice", "10.0.0.1") with { Namespace = "demo-ng" };
        cluster.Add(checkout);
        cluster.Add(new ServiceObject(cluster.NewUid(), "productcatalogservice", "demo-ng", Addresses("10.96.0.7"), false));
        cluster.Poll();
        LinkEnds ends = cluster.Resolver.Resolve(Key("10.96.0.7", cluster.Cgroup(checkout.Uid), "10.0.0.1", 3550), TimeSpan.Zero);
        Workload client = cluster.Workloads[ends.Client];
        Workload server = cluster.Workloads[ends.Server];
        Assert.Equal(1074587981u, client.Id);
        Assert.Equal(1112713827u, server.Id);
        Assert.Equal(198768460u, unchecked(Fnv1a.Continue(client.Id, server.HashedText) + 1));
        Assert.Equal(("Deployment", "Service"), (client.Kind, server.Kind));
    }

    [Theory]
    [InlineData("ReplicaSet", "Deployment")]
    [InlineData("ReplicaSet", "Rollout")]
    [InlineData("Job", "CronJob")]
    [InlineData("ReplicationController", "DeploymentConfig")]
    [InlineData("StatefulSet", "StatefulSet")]
    [InlineData("DaemonSet", "DaemonSet")]
    public void A_pod_goes_by_the_owner_at_the_top(string direct, string top)
    {
        var cluster = new ClusterFixture();
        cluster.Add(cluster.Pod("web-1", null, "10.0.0.1") with { Controller = cluster.Controller(direct, "web-x", top, "web") });
        cluster.Poll();
        Assert.Equal($"demo/{top}/web", cluster.Resolve(Key("10.0.0.1")).Server);
    }

    [Fact]
    public void A_bare_pod_and_a_static_pod_go_by_their_own_name()
    {
        var cluster = new ClusterFixture();
        cluster.Add(cluster.Pod("bare", null, "10.0.0.1"));
        Uid hash = Uid.Parse("0123456789abcdef0123456789abcdef");
        cluster.Add(cluster.Pod("etcd-node-1", null, "192.168.0.1") with
        {
            HostNetwork = true,
            ConfigHash = hash,
            Controller = new OwnerReference("v1", "Node", ThisNode, cluster.NewUid()),
        });
        cluster.Poll();
        Assert.Equal("demo/pod/bare", cluster.Resolve(Key("10.0.0.1")).Server);
        Assert.Equal("demo/pod/etcd-node-1", cluster.Resolve(Key("10.0.0.1", cluster.Cgroup(hash))).Client);
    }

    [Fact]
    public void Without_traversal_a_pod_goes_by_its_own_name_and_names_its_controller()
    {
        var cluster = new ClusterFixture(new NamingRules(TraverseUpHierarchy: false));
        cluster.Add(cluster.Pod("web-5d4f-x", "web", "10.0.0.1"));
        cluster.Poll();
        Assert.Equal("demo/pod/web-5d4f-x/web-5d4f", cluster.Resolve(Key("10.0.0.1")).Server);
    }

    [Fact]
    public void A_pod_in_the_nodes_network_is_itself_here_and_the_node_elsewhere()
    {
        var cluster = new ClusterFixture();
        cluster.Add(new NodeObject(cluster.NewUid(), ThisNode, Addresses("192.168.0.1", "fd00::1")));
        PodObject proxy = cluster.Pod("kube-proxy-x", null, "192.168.0.1") with
        {
            HostNetwork = true,
            Controller = cluster.Controller("DaemonSet", "kube-proxy", "DaemonSet", "kube-proxy"),
        };
        cluster.Add(proxy);
        cluster.Poll();
        Assert.Equal("demo/DaemonSet/kube-proxy", cluster.Resolve(Key("192.168.0.1", cluster.Cgroup(proxy.Uid))).Client);
        Assert.Equal(HostProcess, cluster.Resolve(Key("192.168.0.1")).Server);
        Assert.Equal(HostProcess, cluster.Resolve(Key("fd00::1")).Server);
    }

    [Fact]
    public void A_host_process_is_the_node()
    {
        var cluster = new ClusterFixture();
        cluster.Cgroups[5] = "/system.slice/kubelet.service";
        Assert.Equal(HostProcess, cluster.Resolve(Key("203.0.113.1", cgroup: 5)).Client);
    }

    [Fact]
    public void On_a_hybrid_machine_the_local_address_tells_the_pod()
    {
        var cluster = new ClusterFixture();
        cluster.Add(cluster.Pod("web-1", "web", "10.0.0.1"));
        cluster.Cgroups[5] = "/system.slice/containerd.service";
        cluster.Poll();
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("203.0.113.1", cgroup: 5, local: "10.0.0.1")).Client);
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("203.0.113.1", cgroup: 0, local: "10.0.0.1")).Client);
    }

    [Fact]
    public void Two_pods_that_ever_shared_an_address_are_right_on_their_own_node()
    {
        var cluster = new ClusterFixture();
        PodObject old = cluster.Pod("old-1", "old", "10.0.0.1") with { IsTerminating = true };
        PodObject young = cluster.Pod("young-1", "young", "10.0.0.1");
        cluster.Add(old);
        cluster.Add(young);
        cluster.Poll();
        Assert.Equal("demo/Deployment/old", cluster.Resolve(Key("203.0.113.1", cluster.Cgroup(old.Uid), "10.0.0.1")).Client);
        Assert.Equal("demo/Deployment/young", cluster.Resolve(Key("203.0.113.1", cluster.Cgroup(young.Uid), "10.0.0.1")).Client);
    }

    [Fact]
    public void All_addresses_of_both_families_lead_to_the_pod()
    {
        var cluster = new ClusterFixture();
        cluster.Add(cluster.Pod("web-1", "web", "10.0.0.1", "fd00:10::1"));
        cluster.Poll();
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("10.0.0.1")).Server);
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("fd00:10::1")).Server);
    }

    [Fact]
    public void Services_are_found_by_all_their_addresses_and_headless_ones_by_none()
    {
        var cluster = new ClusterFixture();
        cluster.Add(new ServiceObject(cluster.NewUid(), "api", "demo", Addresses("10.96.0.7", "fd00:96::7", "198.51.100.7"), false));
        cluster.Add(new ServiceObject(cluster.NewUid(), "db", "demo", [], true));
        cluster.Add(cluster.Pod("db-0", null, "10.0.0.1") with { Controller = cluster.Controller("StatefulSet", "db", "StatefulSet", "db") });
        cluster.Poll();
        Assert.Equal("demo/Service/api", cluster.Resolve(Key("10.96.0.7")).Server);
        Assert.Equal("demo/Service/api", cluster.Resolve(Key("fd00:96::7")).Server);
        Assert.Equal("demo/Service/api", cluster.Resolve(Key("198.51.100.7")).Server);
        Assert.Equal("demo/StatefulSet/db", cluster.Resolve(Key("10.0.0.1")).Server);
    }

    [Fact]
    public void A_load_balancer_on_the_nodes_address_does_not_make_the_node_a_service()
    {
        var cluster = new ClusterFixture();
        cluster.Add(new NodeObject(cluster.NewUid(), "node-2", Addresses("192.168.0.2")));
        cluster.Add(new ServiceObject(cluster.NewUid(), "ingress", "demo", Addresses("10.96.0.8", "192.168.0.2"), false));
        cluster.Poll();
        Assert.Equal("node/node/node-2", cluster.Resolve(Key("192.168.0.2")).Server);
        Assert.Equal("demo/Service/ingress", cluster.Resolve(Key("10.96.0.8")).Server);
    }

    [Fact]
    public void A_service_is_shown_as_the_workload_behind_it_where_that_is_one()
    {
        var cluster = new ClusterFixture(new NamingRules(ServiceAsWorkload: true));
        OwnerReference controller = cluster.Controller("ReplicaSet", "web-1", "Deployment", "web");
        PodObject one = cluster.Pod("web-a", null, "10.0.0.1") with { Controller = controller };
        PodObject two = cluster.Pod("web-b", null, "10.0.0.2") with { Controller = controller };
        PodObject other = cluster.Pod("api-1", "api", "10.0.0.3");
        cluster.Add(one);
        cluster.Add(two);
        cluster.Add(other);
        cluster.Add(new ServiceObject(cluster.NewUid(), "front", "demo", Addresses("10.96.0.1"), false));
        cluster.Add(new ServiceObject(cluster.NewUid(), "empty", "demo", Addresses("10.96.0.2"), false));
        var slice = new EndpointSliceObject(cluster.NewUid(), "demo", "front", [new(one.Addresses[0], "Pod", one.Name, one.Uid)]);
        var second = new EndpointSliceObject(cluster.NewUid(), "demo", "front", [new(two.Addresses[0], null, null, default)]);
        cluster.Changes.Apply(ObjectChangeKind.Upserted, slice);
        cluster.Changes.Apply(ObjectChangeKind.Upserted, second);
        cluster.Poll();
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("10.96.0.1")).Server);
        Assert.Equal("demo/Service/empty", cluster.Resolve(Key("10.96.0.2")).Server);

        cluster.Changes.Apply(ObjectChangeKind.Upserted, second with { Endpoints = [new(other.Addresses[0], "Pod", other.Name, other.Uid)] });
        cluster.Poll();
        Assert.Equal("demo/Service/front", cluster.Resolve(Key("10.96.0.1")).Server);
        cluster.Changes.Apply(ObjectChangeKind.Deleted, second);
        cluster.Poll();
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("10.96.0.1")).Server);
    }

    [Fact]
    public void A_backend_that_is_not_known_yet_does_not_turn_the_workload_into_the_service()
    {
        var cluster = new ClusterFixture(new NamingRules(ServiceAsWorkload: true));
        PodObject known = cluster.Pod("web-1", "web", "10.0.0.1");
        PodObject soon = cluster.Pod("api-1", "api", "10.0.0.2");
        cluster.Add(known);
        cluster.Add(new ServiceObject(cluster.NewUid(), "front", "demo", Addresses("10.96.0.1"), false));
        cluster.Changes.Apply(ObjectChangeKind.Upserted, new EndpointSliceObject(cluster.NewUid(), "demo", "front",
            [new(soon.Addresses[0], "Pod", soon.Name, soon.Uid), new(known.Addresses[0], "Pod", known.Name, known.Uid)]));
        cluster.Poll();
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("10.96.0.1")).Server);
        cluster.Add(soon);
        cluster.Poll();
        Assert.Equal("demo/Service/front", cluster.Resolve(Key("10.96.0.1")).Server);
    }

    [Fact]
    public void Backends_are_gone_through_once_as_long_as_nothing_changes()
    {
        var cluster = new ClusterFixture(new NamingRules(ServiceAsWorkload: true));
        OwnerReference controller = cluster.Controller("ReplicaSet", "web-5d4f");
        PodObject web = cluster.Pod("web-1", null, "10.0.0.1") with { Controller = controller };
        cluster.Add(web);
        cluster.Add(new ServiceObject(cluster.NewUid(), "front", "demo", Addresses("10.96.0.1"), false));
        cluster.Changes.Apply(ObjectChangeKind.Upserted,
            new EndpointSliceObject(cluster.NewUid(), "demo", "front", [new(web.Addresses[0], "Pod", web.Name, web.Uid)]));
        cluster.Poll();
        cluster.Poll(Key("10.96.0.1"), 1);
        Assert.Equal(1ul, cluster.Table.HeldSentBytes);         // the answer that is not there is not kept
        cluster.Owners.Learn(controller, new OwnerReference("apps/v1", "Deployment", "web", cluster.NewUid()));
        cluster.Poll();
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("10.96.0.1")).Server);
        int asked = cluster.Owners.Asked;
        for (ushort port = 1; port < 100; port++)
        {
            Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("10.96.0.1", port: port)).Server);
        }

        Assert.Equal(asked, cluster.Owners.Asked);
    }

    [Fact]
    public void Services_that_share_an_address_are_told_apart_by_port()
    {
        var cluster = new ClusterFixture();
        var web = new ServiceObject(cluster.NewUid(), "web", "demo", Addresses("10.96.0.1", "203.0.113.7"), false, 80, 443);
        var mail = new ServiceObject(cluster.NewUid(), "mail", "demo", Addresses("10.96.0.2", "203.0.113.7"), false, 25);
        cluster.Add(web);
        cluster.Add(mail);
        cluster.Poll();
        Assert.Equal("demo/Service/web", ServerAt(80));
        Assert.Equal("demo/Service/web", ServerAt(443));
        Assert.Equal("demo/Service/mail", ServerAt(25));
        long epoch = cluster.Index.Epoch;
        cluster.Add(mail);
        cluster.Poll();
        Assert.Equal(epoch, cluster.Index.Epoch);

        // Ports move from one to the other, and the other goes.
        cluster.Add(mail with { SharedPorts = [25, 443] });
        cluster.Add(web with { SharedPorts = [80] });
        cluster.Poll();
        Assert.True(cluster.Index.Epoch > epoch);
        Assert.Equal("demo/Service/mail", ServerAt(443));
        cluster.Changes.Apply(ObjectChangeKind.Deleted, web);
        cluster.Poll();
        Assert.Equal("demo/Service/mail", ServerAt(443));
        Assert.Equal("demo/Service/mail", ServerAt(80));        // the only one left

        string ServerAt(ushort port) => cluster.Resolve(Key("203.0.113.7", port: port)).Server;
    }

    [Theory]
    [InlineData(false, "demo/Service/api")]
    [InlineData(true, "demo/Deployment/web")]
    public void A_service_answered_on_the_same_node_is_shown_as_users_chose(bool asWorkload, string expected)
    {
        var cluster = new ClusterFixture(new NamingRules(ServiceAsWorkload: asWorkload));
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        cluster.Add(web);
        cluster.Add(new ServiceObject(cluster.NewUid(), "api", "demo", Addresses("10.96.0.7"), false));
        cluster.Poll();
        LinkKey key = Key("10.96.0.7") with
        {
            RemoteOwner = new SocketOwner(cluster.Cgroup(web.Uid), 1, 0),
            Flags = LinkKeyFlags.PeerKnown,
        };
        Assert.Equal(expected, cluster.Resolve(key).Server);
    }

    /// <summary>The API server tells of a service a moment after its first connection, or of all services after all pods.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_service_that_is_told_of_late_has_its_name_also_where_it_is_answered_on_the_same_node(bool ready)
    {
        var cluster = new ClusterFixture(ready: ready);
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        cluster.Add(web);
        cluster.Changes.Apply(ObjectChangeKind.Synced, (PodObject?)null);
        cluster.Poll();
        LinkKey key = Key("10.96.0.7") with
        {
            RemoteOwner = new SocketOwner(cluster.Cgroup(web.Uid), 1, 0),
            Flags = LinkKeyFlags.PeerKnown,
        };
        cluster.Poll([key], [new LinkDelta(5, 5, 1, 0, 0, 0)]);
        Assert.Empty(cluster.Shown());
        cluster.Time.Advance(ready ? TimeSpan.FromSeconds(1) : TimeSpan.FromMinutes(1));
        cluster.Poll();
        Assert.Empty(cluster.Shown());
        cluster.Add(new ServiceObject(cluster.NewUid(), "api", "demo", Addresses("10.96.0.7"), false));
        cluster.SyncAll();
        cluster.Poll();
        Assert.Equal("demo/Service/api", cluster.Resolve(key).Server);
        Assert.Single(cluster.Shown());
    }

    [Theory]
    [InlineData("203.0.113.9", 5)]       // nobody's: translated on this node by other means than a service
    [InlineData("10.0.0.2", 0)]          // among the addresses of pods, so not a service's
    public void A_known_peer_behind_an_address_of_nobody_is_named_by_its_socket(string address, int seconds)
    {
        var cluster = new ClusterFixture();
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        cluster.Add(web);
        cluster.Poll();
        LinkKey key = Key(address) with
        {
            RemoteOwner = new SocketOwner(cluster.Cgroup(web.Uid), 1, 0),
            Flags = LinkKeyFlags.PeerKnown,
        };
        cluster.Poll([key], [new LinkDelta(5, 5, 1, 0, 0, 0)]);
        cluster.Time.Advance(TimeSpan.FromSeconds(seconds));
        cluster.Poll();
        Assert.Single(cluster.Shown());
        Assert.Equal("demo/Deployment/web", cluster.Resolve(key).Server);
    }

    [Fact]
    public void A_known_peer_is_exact_also_in_the_nodes_network()
    {
        var cluster = new ClusterFixture();
        cluster.Add(new NodeObject(cluster.NewUid(), ThisNode, Addresses("192.168.0.1")));
        PodObject agent = cluster.Pod("agent-1", "agent", "192.168.0.1") with { HostNetwork = true };
        cluster.Add(agent);
        cluster.Poll();
        LinkKey key = Key("192.168.0.1", role: LinkRole.Server) with
        {
            RemoteOwner = new SocketOwner(cluster.Cgroup(agent.Uid), 1, 0),
            Flags = LinkKeyFlags.PeerKnown,
        };
        Assert.Equal("demo/Deployment/agent", cluster.Resolve(key).Client);
    }

    [Fact]
    public void Addresses_of_nobody_are_external()
    {
        var cluster = new ClusterFixture();
        Assert.Equal("external/external/203.0.113.1", cluster.Resolve(Key("203.0.113.1")).Server);
        Assert.Equal("external/external/2001:db8::1", cluster.Resolve(Key("2001:db8::1")).Server);
    }

    [Fact]
    public void Loopback_is_counted_and_not_shown()
    {
        var cluster = new ClusterFixture();
        cluster.Poll([Key("127.0.0.1", local: "127.0.0.1")], [new LinkDelta(5, 5, 1, 0, 0, 0)]);
        Assert.Empty(cluster.Shown());
        Assert.Equal(1, cluster.Table.LoopbackConnections);
    }

    [Fact]
    public void Known_names_are_found_again_without_allocating()
    {
        var cluster = new ClusterFixture();
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        cluster.Add(web);
        cluster.Add(cluster.Pod("api-1", "api", "10.0.0.2"));
        cluster.Poll();
        LinkKey[] keys = new LinkKey[300];
        LinkDelta[] deltas = new LinkDelta[300];
        ulong cgroup = cluster.Cgroup(web.Uid);
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = Key(i % 3 == 0 ? "203.0.113.1" : "10.0.0.2", cgroup, "10.0.0.1", (ushort)(i + 1));
            deltas[i] = new LinkDelta(1, 1, 1, 1, 0, 0);
        }

        NodeObject[] nodes = [.. Enumerable.Range(0, 110).Select(i => new NodeObject(cluster.NewUid(), $"n{i}", Addresses($"192.168.1.{i}")))];
        cluster.Poll(keys, deltas);
        cluster.Poll(keys, deltas);
        for (int i = 0; i < 10; i++)
        {
            cluster.Index.Apply(ObjectChangeKind.Upserted, nodes[i]);
            cluster.Poll(keys, deltas);
        }

        long allocated = Allocated.By(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                cluster.Poll(keys, deltas);
            }
        });
        Assert.Equal(0, allocated);

        // Also when something else in the cluster changed, so that every key is looked up again. The index itself may grow.
        long spent = 0;
        for (int i = 10; i < 110; i++)
        {
            cluster.Index.Apply(ObjectChangeKind.Upserted, nodes[i]);
            long before = GC.GetAllocatedBytesForCurrentThread();
            cluster.Poll(keys, deltas);
            spent += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, spent);
    }
}
