using System.Text.Json.Nodes;

using Caretta.Chart.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>What is written about the chart is so.</summary>
public sealed class DocumentationTests
{
    public static TheoryData<string, string> Charts => new()
    {
        { "", "" },
        { "victoria-metrics-single", "victoria-metrics-single." },
        { "grafana", "grafana." },
    };

    [Theory]
    [MemberData(nameof(Charts))]
    public void The_readme_has_every_value_with_its_default_and_meaning(string chart, string prefix)
    {
        string expected = ValuesTable.Write(Path.Combine(Folder(chart), "values.yaml"), prefix);

        Assert.Contains(expected, File.ReadAllText(Path.Combine(Helm.Chart, "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Charts))]
    public void The_schema_and_the_values_have_the_same_keys(string chart, string prefix)
    {
        JsonObject schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder(chart), "values.schema.json")))!.AsObject();
        JsonObject values = Yaml.Parse(File.ReadAllText(Path.Combine(Folder(chart), "values.yaml")))!.AsObject();

        Assert.Empty(ValuesTable.Differences(schema, values).Select(difference => prefix + difference));
    }

    [Fact]
    public void Each_environment_variable_that_the_chart_sets_is_a_setting_of_the_agent()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        string template = File.ReadAllText(Path.Combine(Helm.Chart, "templates", "daemonset.yaml"));

        Assert.All(
            System.Text.RegularExpressions.Regex.Matches(template, "- name: ([A-Z_]+)\n").Select(static match => match.Groups[1].Value),
            name => Assert.Contains($"| `{name}` |", readme, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_switch_to_the_upstream_charts_writes_a_chart_that_depends_on_them()
    {
        using var files = new TemporaryDirectory();
        await using var script = new ChildProcess(
            Path.Combine(Repository.Root, "charts", "with-upstream.sh"), [files["copy"]],
            environment: new Dictionary<string, string> { ["OFFLINE"] = "1" });
        int code = await script.WaitAsync(TestContext.Current.CancellationToken);

        Assert.True(code == 0, script.Log);
        string list = await Helm.ExpectAsync(TestContext.Current.CancellationToken, "dependency", "list", files["copy"]);
        Assert.Contains("https://victoriametrics.github.io/helm-charts", list, StringComparison.Ordinal);
        Assert.Contains("https://grafana-community.github.io/helm-charts", list, StringComparison.Ordinal);
        Assert.Equal(2, System.Text.RegularExpressions.Regex.Count(list, "missing"));
        JsonNode chart = Yaml.Parse(await File.ReadAllTextAsync(Path.Combine(files["copy"], "Chart.yaml"), TestContext.Current.CancellationToken))!;
        Assert.Equal("victoria-metrics-single.enabled", (string?)chart.At("dependencies/0/condition"));
        Assert.Equal("grafana.enabled", (string?)chart.At("dependencies/1/condition"));
    }

    private static string Folder(string chart) => chart.Length == 0 ? Helm.Chart : Path.Combine(Helm.Chart, "charts", chart);
}
