using System.Text;
using System.Text.Json.Nodes;
using Caretta.Aot.Export;
using Caretta.Aot.Policies;
using Caretta.Cluster.Tests.Support;
using Xunit;
using static Caretta.Aot.Tests.Policies.PolicyScene;

namespace Caretta.Aot.Tests.Policies;

/// <summary>Policies allow what was seen and nothing else, judged by a checker that knows nothing of how they are made.</summary>
public sealed class PolicyTests
{
    private static readonly PolicyPeerPod OtherWebPod = PolicyPeerPod.Pod("test", "10.0.0.9", ("app", "web"), ("tier", "true"));
    private static readonly PolicyPeerPod NightlyPod = PolicyPeerPod.Pod("shop", "10.0.0.4", ("run", "1e3"), ("controller-uid", "abc"));
    private static readonly PolicyPeerPod DnsPod = PolicyPeerPod.Pod("kube-system", "10.0.0.53", ("k8s-app", "kube-dns"));
    private static readonly PolicyPeerPod NodeItself = PolicyPeerPod.Outside("192.0.2.1");
    private static readonly PolicyPeerPod Outside = PolicyPeerPod.Outside("203.0.113.7");
    private static readonly PolicyPeerPod Outside6 = PolicyPeerPod.Outside("2001:db8::7");

    [Fact]
    public void What_was_seen_is_allowed()
    {
        PolicyChecker checker = CheckerOf(Make());
        Assert.True(checker.Allows(WebPod, CartPod, 8080));
        Assert.True(checker.Allows(WebPod, DbPod, 5432));             // through the service, on the port behind it
        Assert.True(checker.Allows(NightlyPod, WebPod, 80));
        Assert.True(checker.Allows(Outside, WebPod, 80));
        Assert.True(checker.Allows(NodeItself, WebPod, 80));
        Assert.True(checker.Allows(CartPod, Outside, 443));
        Assert.True(checker.Allows(CartPod, Outside6, 443));
        Assert.True(checker.Allows(WebPod, DnsPod, 53, "UDP"));
        Assert.True(checker.Allows(WebPod, DnsPod, 53));
    }

    [Fact]
    public void What_was_not_seen_is_not_allowed()
    {
        PolicyChecker checker = CheckerOf(Make());
        Assert.False(checker.Allows(WebPod, CartPod, 8081));           // another port
        Assert.False(checker.Allows(WebPod, CartPod, 8080, "UDP"));    // another protocol
        Assert.False(checker.Allows(CartPod, WebPod, 8080));           // the other way round
        Assert.False(checker.Allows(CartPod, WebPod, 80));             // another peer
        Assert.False(checker.Allows(OtherWebPod, CartPod, 8080));      // the same labels in another namespace
        Assert.False(checker.Allows(WebPod, DbPod, 80));               // the service's port instead of the pod's
        Assert.False(checker.Allows(DbPod, Outside, 443));
        Assert.False(checker.Allows(CartPod, PolicyPeerPod.Outside("203.0.113.8"), 443));
        Assert.False(checker.Allows(CartPod, PolicyPeerPod.Outside("2001:db8::8"), 443));
        Assert.False(checker.Allows(CartPod, Outside, 80));
        Assert.False(checker.Allows(PolicyPeerPod.Outside("203.0.113.8"), WebPod, 80));
        Assert.False(checker.Allows(CartPod, DbPod, 5432));            // only ever tried
        Assert.False(checker.Allows(WebPod, PolicyPeerPod.Pod("kube-system", "10.0.0.54", ("k8s-app", "other")), 53, "UDP"));
        Assert.False(checker.Allows(WebPod, Outside, 53, "UDP"));
    }

    [Fact]
    public void Comments_tell_what_a_reader_must_know()
    {
        string yaml = Make();
        Assert.Contains("# NetworkPolicies from what caretta saw from 2025-06-15T06:13:20Z to 2025-06-15T09:00:00Z, 2 h 46 min, on one node.\n", yaml, StringComparison.Ordinal);
        Assert.Contains("# WARNING: that is less than a day", yaml, StringComparison.Ordinal);
        Assert.Contains("# Agents: 1 of tier main; lost or missed: 3.\n", yaml, StringComparison.Ordinal);
        Assert.Contains("# NOTE: api.example.org port 443 was seen and is not allowed: its address is not known", yaml, StringComparison.Ordinal);
        Assert.Contains("# NOTE: StatefulSet data/db port 5432 is not allowed: no connection to it was seen, only attempts\n", yaml, StringComparison.Ordinal);
        Assert.Contains("#   Rollout shop/canary: how a Rollout selects its pods is not known\n", yaml, StringComparison.Ordinal);
        Assert.Contains("#   DaemonSet shop/probe: its pods are in their nodes' network", yaml, StringComparison.Ordinal);
        Assert.Contains("    # 203.0.113.7\n    - to:\n        - ipBlock:\n            cidr: \"203.0.113.7/32\"\n", yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_gives_the_same_text_in_whatever_order_it_comes()
    {
        SeenMap map = Seen();
        SeenMap turned = map with { Links = [.. map.Links.Reverse()] };
        Assert.Equal(Make(map), Make(turned));
    }

    [Fact]
    public void Only_the_namespaces_asked_for_get_policies()
    {
        SeenMap map = Seen();
        List<JsonObject> policies = YamlDocuments.Parse(PolicyYaml.Write(PolicyPlanner.Plan(map, Facts(), ["data"]), map, []));
        Assert.Equal("data", (string)Assert.Single(policies)["metadata"]!["namespace"]!);
    }

    [Fact]
    public void Selectors_that_overlap_are_told_of()
    {
        PolicyFacts facts = Facts();
        var both = new Dictionary<string, string> { ["app"] = "cart", ["track"] = "canary" };
        facts.Workloads[new SeenNode("shop", "cart-canary", "Deployment")] = new WorkloadFacts(PodSelector.Of([new("track", "canary")]), "", both);
        SeenMap map = Seen();
        string yaml = Make(facts, map);
        Assert.Contains("# NOTE: the selector also selects pods of Deployment shop/cart-canary: what is allowed to one is allowed to both\n", yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_from_strangers_end_no_comment_and_no_scalar()
    {
        var hostile = new SeenNode("external", "evil\n---\nkind: Pod\u2028x\u0085\u202e", "external");
        SeenMap map = Seen() with { Links = [Link(hostile, Web, 80), Link(Web, hostile, 81), Link(new SeenNode("shop", "a\"b: {", "Deployment"), Web, 80)] };
        PolicyFacts facts = Facts();
        facts.Workloads[new SeenNode("shop", "a\"b: {", "Deployment")] = new WorkloadFacts(PodSelector.Of([new("k", "a\": \\\n")]), "", new Dictionary<string, string>());
        string yaml = PolicyYaml.Write(PolicyPlanner.Plan(map, facts, []), map, ["gap\nkind: Pod"]);
        List<JsonObject> policies = YamlDocuments.Parse(yaml);
        Assert.All(policies, static policy => Assert.Equal("NetworkPolicy", (string)policy["kind"]!));
        Assert.Contains("k: \"a\\\": \\\\\\u000a\"", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain('\u202e', yaml);
        Assert.DoesNotContain('\u2028', yaml);
    }

    [Theory]
    [InlineData("web", "web")]
    [InlineData("app.kubernetes.io/name", "app.kubernetes.io/name")]
    [InlineData("true", "\"true\"")]
    [InlineData("No", "\"No\"")]
    [InlineData("null", "\"null\"")]
    [InlineData("1e3", "\"1e3\"")]
    [InlineData("0x1f", "\"0x1f\"")]
    [InlineData("", "\"\"")]
    [InlineData("-", "\"-\"")]
    [InlineData("a: b", "\"a: b\"")]
    [InlineData("a #b", "\"a #b\"")]
    [InlineData("2001-01-01", "\"2001-01-01\"")]
    public void Scalars_are_quoted_where_they_could_be_taken_for_something_else(string text, string scalar) => Assert.Equal(scalar, YamlText.Scalar(text));

    [Fact]
    public void Selectors_of_all_kinds_are_read()
    {
        WorkloadFacts deployment = Parse("Deployment", """
            {"kind":"Deployment","spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"},"matchExpressions":[
              {"key":"tier","operator":"NotIn","values":["back","1"]},{"key":"x","operator":"Exists"}]},
              "template":{"metadata":{"labels":{"app":"web","v":"2"}},"spec":{"containers":[{"name":"c","ports":[{"name":"spec"}]}]}}}}
            """);
        Assert.Equal("app=web,tier NotIn back|1,x Exists ,", deployment.Selector!.ToString());
        Assert.Equal("2", deployment.TemplateLabels["v"]);
        Assert.Equal("app=rc,", Parse("ReplicationController", """{"spec":{"selector":{"app":"rc"}}}""").Selector!.ToString());
        Assert.Equal("job-name=once,", Parse("Job", """
            {"spec":{"selector":{"matchLabels":{"controller-uid":"1"}},"template":{"metadata":{"labels":{"controller-uid":"1","job-name":"once"}}}}}
            """).Selector!.ToString());
        Assert.Equal("run=nightly,", Parse("CronJob", """
            {"spec":{"schedule":"x","jobTemplate":{"metadata":{"labels":{"no":"no"}},"spec":{"template":{"metadata":{"labels":{"run":"nightly"}}}}}}}
            """).Selector!.ToString());
        Assert.Null(Parse("CronJob", """{"spec":{"jobTemplate":{"spec":{"template":{"spec":{}}}}}}""").Selector);
        Assert.Null(Parse("Deployment", """{"spec":{"selector":{}}}""").Selector);
        Assert.Null(Parse("Deployment", """{"spec":null}""").Selector);
        Assert.True(Parse("DaemonSet", """{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"hostNetwork":true}}}}""").HostNetwork);
    }

    private static WorkloadFacts Parse(string kind, string json) => WorkloadDocument.Parse(Encoding.UTF8.GetBytes(json), kind);
}
