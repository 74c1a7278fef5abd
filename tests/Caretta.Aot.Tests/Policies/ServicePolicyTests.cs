using Caretta.Aot.Export;
using Caretta.Aot.Policies;
using Caretta.Cluster.Tests.Support;
using Xunit;
using static Caretta.Aot.Tests.Policies.PolicyScene;

namespace Caretta.Aot.Tests.Policies;

/// <summary>What policies say instead of a service: they are judged behind its address.</summary>
public sealed class ServicePolicyTests
{
    [Fact]
    public void What_is_behind_a_service_without_a_selector_is_allowed_by_address()
    {
        string yaml = Make();
        PolicyChecker checker = CheckerOf(yaml);
        Assert.True(checker.Allows(CartPod, PolicyPeerPod.Outside("192.0.2.80"), 11433));
        Assert.True(checker.Allows(CartPod, PolicyPeerPod.Outside("2001:db8::80"), 11433));
        Assert.False(checker.Allows(CartPod, PolicyPeerPod.Outside("192.0.2.80"), 1433));      // the service's port
        Assert.False(checker.Allows(CartPod, PolicyPeerPod.Outside("192.0.2.81"), 80));        // another port of the service
        Assert.False(checker.Allows(WebPod, PolicyPeerPod.Outside("192.0.2.80"), 11433));      // another client
        Assert.Contains("# NOTE: Service data/legacy port 80 was seen and is not allowed: the service has no selector, and no addresses", yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_in_the_nodes_network_behind_a_service_are_allowed_by_the_nodes_addresses()
    {
        PolicyFacts facts = Facts();
        var exporter = new Dictionary<string, string> { ["app"] = "exporter" };
        NamespaceFacts data = facts.Namespaces["data"];
        data.Services["exporter"] = new ServiceFacts(
            "exporter", [], PodSelector.Of(exporter), [new ServicePortFacts("a", "TCP", 80, "metrics"), new ServicePortFacts("b", "TCP", 81, "8081"), new ServicePortFacts("c", "TCP", 82, "admin")]);
        data.Pods.Add(new PodFacts("exporter-a", exporter, true, ["192.0.2.1"]) { Ports = new Dictionary<string, int> { ["metrics"] = 9100 } });
        data.Pods.Add(new PodFacts("exporter-b", exporter, true, ["192.0.2.2"]) { Ports = new Dictionary<string, int> { ["metrics"] = 9101 } });
        var service = new SeenNode("data", "exporter", "Service");
        SeenMap map = Seen() with { Links = [Link(Cart, service, 80), Link(Cart, service, 81), Link(Cart, service, 82)] };
        string yaml = Make(facts, map);
        PolicyChecker checker = CheckerOf(yaml);
        Assert.True(checker.Allows(CartPod, PolicyPeerPod.Outside("192.0.2.1"), 9100));
        Assert.True(checker.Allows(CartPod, PolicyPeerPod.Outside("192.0.2.2"), 9101));
        Assert.True(checker.Allows(CartPod, PolicyPeerPod.Outside("192.0.2.2"), 8081));
        Assert.False(checker.Allows(CartPod, PolicyPeerPod.Outside("192.0.2.1"), 9101));
        Assert.False(checker.Allows(CartPod, PolicyPeerPod.Pod("data", "10.0.0.7", ("app", "exporter")), 8081));
        Assert.Contains("# NOTE: Service data/exporter port 80: pods behind it are in their nodes' network, so that the nodes' addresses stand for them\n", yaml, StringComparison.Ordinal);
        Assert.Contains(
            "# NOTE: Service data/exporter port 82 was seen and is not allowed: pods behind it are in their nodes' network, and none of their ports is called admin\n",
            yaml,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_leader_that_an_operator_put_behind_a_service_is_allowed_as_its_workload()
    {
        PolicyFacts facts = Facts();
        NamespaceFacts data = facts.Namespaces["data"];
        data.Services["leader"] = new ServiceFacts("leader", [], null, [new ServicePortFacts("", "TCP", 5432, "5432")])
        {
            Endpoints = [new EndpointFacts("", 5432, ["10.0.0.3", "10.0.0.6"])],
        };
        data.Pods.Add(new PodFacts("lone-0", new Dictionary<string, string> { ["app"] = "lone", ["statefulset.kubernetes.io/pod-name"] = "lone-0" }, false, ["10.0.0.6"]));
        SeenMap map = Seen() with { Links = [Link(Cart, new SeenNode("data", "leader", "Service"), 5432)] };
        PolicyChecker checker = CheckerOf(Make(facts, map));
        Assert.True(checker.Allows(CartPod, DbPod, 5432));
        Assert.True(checker.Allows(CartPod, PolicyPeerPod.Pod("data", "10.0.0.8", ("app", "lone"), ("statefulset.kubernetes.io/pod-name", "lone-1")), 5432));
        Assert.False(checker.Allows(CartPod, PolicyPeerPod.Outside("10.0.0.3"), 5432));
        Assert.False(checker.Allows(WebPod, DbPod, 5432));
    }

    [Fact]
    public void Names_may_be_asked_for_where_the_cluster_answers()
    {
        PolicyFacts facts = Facts();
        var system = new NamespaceFacts();
        system.Services["rke2-coredns"] = new ServiceFacts(
            "rke2-coredns", new Dictionary<string, string> { ["k8s-app"] = "kube-dns" }, PodSelector.Of([new("k8s-app", "core")]),
            [new ServicePortFacts("", "UDP", 53, "5353"), new ServicePortFacts("", "TCP", 9153, "9153")])
        {
            Addresses = ["10.96.0.10"],
        };
        facts.Namespaces["kube-system"] = system;
        PolicyPeerPod dns = PolicyPeerPod.Pod("kube-system", "10.0.0.53", ("k8s-app", "core"));
        PolicyChecker checker = CheckerOf(Make(facts));
        Assert.True(checker.Allows(WebPod, dns, 5353, "UDP"));
        Assert.False(checker.Allows(WebPod, dns, 53, "UDP"));
        Assert.False(checker.Allows(WebPod, PolicyPeerPod.Outside("169.254.20.10"), 53, "UDP"));

        system.Pods.Add(new PodFacts("node-local-dns-x", new Dictionary<string, string> { ["k8s-app"] = "node-local-dns" }, true, ["192.0.2.1"]));
        checker = CheckerOf(Make(facts));
        Assert.True(checker.Allows(WebPod, dns, 5353, "UDP"));
        Assert.True(checker.Allows(WebPod, PolicyPeerPod.Outside("169.254.20.10"), 53, "UDP"));
        Assert.True(checker.Allows(WebPod, PolicyPeerPod.Outside("10.96.0.10"), 53));
        Assert.False(checker.Allows(WebPod, PolicyPeerPod.Outside("192.0.2.1"), 53, "UDP"));

        facts.Namespaces.Remove("kube-system");
        facts.Namespaces["openshift-dns"] = new NamespaceFacts();
        facts.Namespaces["openshift-dns"].Services["dns-default"] = new ServiceFacts(
            "dns-default", [], PodSelector.Of([new("dns.operator.openshift.io/daemonset-dns", "default")]), [new ServicePortFacts("dns", "UDP", 53, "dns")]);
        PolicyPeerPod shift = PolicyPeerPod.Pod("openshift-dns", "10.0.0.54", ("dns.operator.openshift.io/daemonset-dns", "default")) with
        {
            Ports = new Dictionary<string, int> { ["dns"] = 5353 },
        };
        Assert.True(CheckerOf(Make(facts)).Allows(WebPod, shift, 5353, "UDP"));
    }

    [Fact]
    public void Pods_and_services_are_read()
    {
        PodFacts? pod = null;
        ObjectLists.Parse("""
            {"items":[{"metadata":{"name":"a","labels":{"app":"x"}},"spec":{"initContainers":[{"ports":[{"name":"side","containerPort":1}]}],
              "containers":[{"name":"main","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},{"containerPort":2},{"name":"dns","containerPort":53,"protocol":"UDP"}]},
              {"name":"other","ports":null}],"hostNetwork":true},"status":{"phase":"Running","podIPs":[{"ip":"192.0.2.1"},{"ip":"2001:db8::1"}]}}]}
            """u8, (ref json) => pod = ObjectLists.ReadPod(ref json));
        Assert.Equal(["192.0.2.1", "2001:db8::1"], pod!.Addresses);
        Assert.Equal(["side=1", "http=8080"], pod.Ports.Select(static port => $"{port.Key}={port.Value}"));
        ServiceFacts? service = null;
        ObjectLists.Parse("""
            {"items":[{"metadata":{"name":"s"},"spec":{"clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1","fd00::1"],"ports":[{"port":443,"targetPort":6443}]}}]}
            """u8, (ref json) => service = ObjectLists.ReadService(ref json));
        Assert.Equal(["10.96.0.1", "fd00::1"], service!.Addresses);
        Assert.Null(service.Selector);
        ObjectLists.Parse("""{"items":[{"metadata":{"name":"s"},"spec":{"clusterIPs":["None"],"ports":null}}]}"""u8, (ref json) => service = ObjectLists.ReadService(ref json));
        Assert.Empty(service.Addresses);
    }

    [Fact]
    public void Slices_are_read_with_all_their_ports()
    {
        List<EndpointFacts> found = [];
        string next = ObjectLists.Parse("""
            {"items":[{"metadata":{"name":"a"},"addressType":"IPv4","endpoints":[{"addresses":["192.0.2.1"],"conditions":{"ready":false}},{"addresses":["192.0.2.2"]}],
              "ports":[{"name":"sql","protocol":"TCP","port":1433},{"name":"dns","protocol":"UDP","port":53},{"port":80},{"name":"any"}]},
             {"endpoints":null,"ports":[{"port":1}]}]}
            """u8, (ref json) => ObjectLists.ReadSlice(ref json, found));
        Assert.Equal("", next);
        Assert.Equal(
            ["sql 1433 192.0.2.1 192.0.2.2", " 80 192.0.2.1 192.0.2.2", " 1 "],
            found.Select(static one => $"{one.PortName} {one.Port} {string.Join(' ', one.Addresses)}"));
    }
}
