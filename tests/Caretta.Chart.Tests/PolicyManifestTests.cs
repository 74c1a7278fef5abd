using System.Text.Json.Nodes;

using Caretta.Aot.Tests.Policies;
using Caretta.Chart.Tests.Support;
using Caretta.Cluster.Tests.Support;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>Network policies are what Kubernetes takes, by its own description of them; what they allow is tried in Caretta.Cluster.Tests.</summary>
public sealed class PolicyManifestTests
{
    private static readonly Lazy<OpenApi> Types = new(static () => OpenApi.Load(File.ReadAllText(ChartTools.Find("swagger.json"))));

    [Fact]
    public void Every_policy_fits_its_type()
    {
        List<JsonObject> policies = YamlDocuments.Parse(PolicyScene.Make());
        Assert.InRange(policies.Count, 3, 10);
        Assert.All(policies, static policy => Assert.Equal("networking.k8s.io/v1 NetworkPolicy", $"{policy["apiVersion"]} {policy["kind"]}"));
        Assert.Empty(policies.SelectMany(Types.Value.Check));

        // Something of everything that a policy can hold was in there.
        string all = string.Concat(policies.Select(static policy => policy.ToJsonString()));
        Assert.All(
            (string[])["\"ipBlock\"", "\"namespaceSelector\"", "\"matchExpressions\"", "\"values\"", "\"port\":\"pg\"", "\"port\":8080", "\"UDP\"", "::7/128"],
            what => Assert.Contains(what, all, StringComparison.Ordinal));
    }

    [Fact]
    public void A_policy_that_does_not_fit_is_found()
    {
        JsonObject policy = YamlDocuments.Parse(PolicyScene.Make())[0];
        policy["spec"]!["egres"] = new JsonArray();
        policy["spec"]!["policyTypes"] = "Egress";
        Assert.Equal(2, Types.Value.Check(policy).Count);
    }
}
