using System.Text.Json.Nodes;

using Caretta.Chart.Tests.Support;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>The dashboards are ones that Grafana reads, and lie as they should.</summary>
public sealed class DashboardTests
{
    private const int GridWidth = 24;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Files => [.. Dashboard.All.Select(static one => one.File)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task It_fits_Grafanas_own_types(string file) =>
        Assert.Equal("", await Grafana.CheckTypesAsync(Find(file).Json.ToJsonString(), Cancellation));

    [Fact]
    public async Task A_misspelt_member_would_be_found()
    {
        JsonObject json = Dashboard.ServiceMap.Json.DeepClone().AsObject();
        json["panels"]![0]!["gridPoz"] = new JsonObject();

        Assert.Contains("gridPoz", await Grafana.CheckTypesAsync(json.ToJsonString(), Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Panels_do_not_overlap_and_have_numbers_of_their_own(string file)
    {
        JsonObject[] panels = [.. Find(file).Panels];

        Assert.Equal(panels.Length, panels.Select(static one => (int)one["id"]!).Distinct().Count());
        HashSet<(int X, int Y)> taken = [];
        foreach (JsonObject panel in panels)
        {
            (int x, int y, int w, int h) = ((int)panel.At("gridPos/x")!, (int)panel.At("gridPos/y")!, (int)panel.At("gridPos/w")!, (int)panel.At("gridPos/h")!);
            Assert.InRange(x + w, 1, GridWidth);
            for (int i = x; i < x + w; i++)
            {
                for (int j = y; j < y + h; j++)
                {
                    Assert.True(taken.Add((i, j)), $"{panel["title"]} lies on another panel");
                }
            }

            Assert.False(string.IsNullOrEmpty((string?)panel["description"]), $"{panel["title"]} has no description");
            Assert.Equal(panel["targets"]!.AsArray().Count, panel["targets"]!.AsArray().Select(static one => (string?)one!["refId"]).Distinct().Count());
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_variable_that_a_query_names_is_there(string file)
    {
        Dashboard dashboard = Find(file);
        HashSet<string> known =
            ["__range", "__rate_interval", "DS_PROMETHEUS", .. dashboard.Variables.Select(static one => (string)one["name"]!)];

        foreach (JsonObject target in dashboard.Panels.SelectMany(static one => one["targets"]!.AsArray()).Select(static one => one!.AsObject()))
        {
            Assert.All(
                System.Text.RegularExpressions.Regex.Matches((string)target["expr"]!, @"\$([A-Za-z_]\w*)").Select(static match => match.Groups[1].Value),
                name => Assert.Contains(name, known));
            Assert.Equal("${DS_PROMETHEUS}", (string?)target.At("datasource/uid"));
        }
    }

    [Fact]
    public void They_have_names_of_their_own_and_the_map_is_the_home_page()
    {
        Assert.Equal(["caretta-agents", "caretta-links", "caretta-map"], Dashboard.All.Select(static one => (string)one.Json["uid"]!).Order(StringComparer.Ordinal));
        Assert.Contains(Dashboard.ServiceMap.Panels, static one => (string?)one["type"] == "nodeGraph");
        Assert.Contains("dashboard.json: |-\n    {{- .Files.Get \"dashboards/service-map.json\"", File.ReadAllText(Path.Combine(Helm.Chart, "templates", "dashboards.yaml")), StringComparison.Ordinal);
    }

    private static Dashboard Find(string file) => Dashboard.All.Single(one => one.File == file);
}
