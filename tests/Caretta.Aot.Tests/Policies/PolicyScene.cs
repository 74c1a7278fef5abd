using Caretta.Aot.Export;
using Caretta.Aot.Policies;
using Caretta.Cluster.Tests.Support;

namespace Caretta.Aot.Tests.Policies;

/// <summary>What was seen of a small shop, what the cluster says of it, and the policies that follow: something of everything they can hold.</summary>
internal static class PolicyScene
{
    internal static readonly SeenNode Web = new("shop", "web", "Deployment");
    internal static readonly SeenNode Cart = new("shop", "cart", "Deployment");
    internal static readonly SeenNode Db = new("data", "db", "StatefulSet");
    internal static readonly SeenNode DbService = new("data", "db", "Service");
    internal static readonly SeenNode Legacy = new("data", "legacy", "Service");
    internal static readonly SeenNode Nightly = new("shop", "nightly", "CronJob");
    internal static readonly SeenNode Node = new("node", "node-a", "node");
    internal static readonly SeenNode Address = new("external", "203.0.113.7", "external");
    internal static readonly SeenNode Address6 = new("external", "2001:db8::7", "external");
    internal static readonly SeenNode Named = new("external", "api.example.org", "external");

    // Some of the pods behind them.
    internal static readonly PolicyPeerPod WebPod = PolicyPeerPod.Pod("shop", "10.0.0.1", ("app", "web"), ("tier", "true"), ("x", "y"));
    internal static readonly PolicyPeerPod CartPod = PolicyPeerPod.Pod("shop", "10.0.0.2", ("app", "cart"));
    internal static readonly PolicyPeerPod DbPod = PolicyPeerPod.Pod("data", "10.0.0.3", ("app", "db")) with { Ports = new Dictionary<string, int> { ["pg"] = 5432 } };

    /// <summary>The policies that follow from what was seen, or from another map.</summary>
    public static string Make(SeenMap? map = null) => Make(Facts(), map);

    public static string Make(PolicyFacts facts, SeenMap? map = null)
    {
        map ??= Seen();
        return PolicyYaml.Write(PolicyPlanner.Plan(map, facts, []), map, facts.Gaps);
    }

    /// <summary>Judges by these policies.</summary>
    public static PolicyChecker CheckerOf(string yaml) => new(YamlDocuments.Parse(yaml));

    public static SeenLink Link(SeenNode client, SeenNode server, int port) =>
        new() { Client = client, Server = server, Port = port, BytesToServer = 10, BytesToClient = 20, Opened = 1 };

    public static SeenMap Seen() => new()
    {
        Scope = "node",
        From = 1749968000,
        To = 1749978000,
        Agents = [new SeenAgent("node-a", "main", 1749968000, 1, 2, 5, 0)],
        Links =
        [
            Link(Web, Cart, 8080),
            Link(Web, DbService, 80),
            Link(Web, Db, 5432),
            Link(Nightly, Web, 80),
            Link(Address, Web, 80),
            Link(Node, Web, 80),
            Link(Cart, Address, 443),
            Link(Cart, Address6, 443),
            Link(Cart, Named, 443),
            Link(Cart, Legacy, 1433),
            Link(Cart, Legacy, 80),
            Link(new SeenNode("shop", "canary", "Rollout"), Web, 80),
            Link(new SeenNode("shop", "probe", "DaemonSet"), Web, 80),
            Link(Cart, Db, 5432) with { BytesToServer = 0, BytesToClient = 0, Opened = 0, Failed = 7 },
        ],
    };

    public static PolicyFacts Facts()
    {
        var facts = new PolicyFacts();
        var none = new Dictionary<string, string>();
        facts.Workloads[Web] = new WorkloadFacts(
            PodSelector.Of([new("app", "web")]) with { Requirements = [new LabelRequirement("tier", "In", ["front", "true"])] }, "", none);
        facts.Workloads[Cart] = new WorkloadFacts(PodSelector.Of([new("app", "cart")]), "", none);
        facts.Workloads[Db] = new WorkloadFacts(PodSelector.Of([new("app", "db")]), "", none);
        facts.Workloads[Nightly] = new WorkloadFacts(PodSelector.Of([new("run", "1e3")]), "", none);
        facts.Workloads[new SeenNode("shop", "canary", "Rollout")] = WorkloadFacts.Unknown("how a Rollout selects its pods is not known");
        facts.Workloads[new SeenNode("shop", "probe", "DaemonSet")] =
            new WorkloadFacts(PodSelector.Of([new("app", "probe")]), "its pods are in their nodes' network, where no policy selects them", none, true);
        facts.Nodes["node-a"] = ["192.0.2.1"];
        var data = new NamespaceFacts();
        data.Pods.Add(new PodFacts("db-0", new Dictionary<string, string> { ["app"] = "db" }, false, ["10.0.0.3"]));
        data.Services["db"] = new ServiceFacts("db", none, PodSelector.Of([new("app", "db")]), [new ServicePortFacts("", "TCP", 80, "pg")]);
        data.Services["legacy"] = new ServiceFacts("legacy", none, null, [new ServicePortFacts("sql", "TCP", 1433, "1433"), new ServicePortFacts("admin", "TCP", 80, "80")])
        {
            Endpoints = [new EndpointFacts("sql", 11433, ["192.0.2.80", "2001:db8::80"]), new EndpointFacts("other", 80, ["192.0.2.81"])],
        };
        facts.Namespaces["data"] = data;
        return facts;
    }
}
