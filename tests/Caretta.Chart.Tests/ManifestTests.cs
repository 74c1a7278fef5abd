using System.Text.Json.Nodes;

using Caretta.Chart.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>What helm renders is what Kubernetes, the Prometheus operator and OpenShift take.</summary>
public sealed class ManifestTests
{
    private static readonly string ValuesFolder = Path.Combine(Repository.Root, "tests", "Caretta.Chart.Tests", "Values");

    private static readonly Lazy<OpenApi> Types = new(static () => OpenApi.Load(
        File.ReadAllText(ChartTools.Find("swagger.json")),
        File.ReadAllText(Path.Combine(Repository.Root, "tests", "Caretta.Chart.Tests", "Schemas", "operators.json"))));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Values that tests render with; an empty name is the defaults.</summary>
    public static TheoryData<string> ValueFiles => ["", "original.yaml", "all.yaml"];

    [Theory]
    [MemberData(nameof(ValueFiles))]
    public async Task Lint_has_no_complaint(string values)
    {
        (int code, string output, string error) = await Helm.RunAsync(Cancellation, ["lint", "--strict", Helm.Chart, .. Options(values)]);

        Assert.True(code == 0 && !output.Contains("[WARNING]", StringComparison.Ordinal), output + error);
    }

    [Theory]
    [MemberData(nameof(ValueFiles))]
    public async Task Every_manifest_fits_its_type_for_every_Kubernetes(string values)
    {
        foreach (string version in (string[])["1.20.2", "1.23.17", "1.25.16", "1.28.0", "1.31.0", "1.34.0", "1.36.0"])
        {
            IReadOnlyList<JsonObject> manifests = await Helm.TemplateAsync(
                Cancellation, ["--kube-version", version, "--api-versions", "security.openshift.io/v1", .. Options(values)]);

            Assert.InRange(manifests.Count, 14, 40);
            Assert.Empty(manifests.SelectMany(Types.Value.Check).Select(finding => $"{version}: {finding}"));
        }
    }

    [Fact]
    public async Task Every_object_has_a_name_of_its_own()
    {
        IReadOnlyList<JsonObject> manifests = await Helm.TemplateAsync(Cancellation);

        Assert.Equal(manifests.Count, manifests.Select(static one => $"{one["kind"]} {one["metadata"]!["name"]}").Distinct().Count());
        Assert.All(manifests, static one => Assert.True(
            (string?)one["metadata"]!["namespace"] == "caretta" || ((string)one["kind"]!).StartsWith("ClusterRole", StringComparison.Ordinal),
            $"{one["kind"]} {one["metadata"]!["name"]} has no namespace"));
    }

    /// <summary>A check that finds nothing wrong with anything would pass too.</summary>
    [Fact]
    public async Task The_check_itself_finds_what_is_wrong()
    {
        JsonObject daemonSet = (await Helm.TemplateAsync(Cancellation)).Get("DaemonSet", "caretta");
        daemonSet["spec"]!["templat"] = new JsonObject();
        daemonSet.At("spec/template/spec")!["hostPID"] = "yes";
        daemonSet["spec"]!.AsObject().Remove("selector");

        Assert.Equal(
            ["DaemonSet caretta.spec.selector: missing", "DaemonSet caretta.spec.templat: no such field", "DaemonSet caretta.spec.template.spec.hostPID: expected boolean, got \"yes\""],
            Types.Value.Check(daemonSet).Order(StringComparer.Ordinal));
    }

    private static string[] Options(string values) => values.Length > 0 ? ["--values", Path.Combine(ValuesFolder, values)] : [];
}
