using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Caretta.Chart.Tests.Support;
using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Chart.Tests;

/// <summary>Each query of each dashboard, asked of real servers that scrape a real agent, returns the fields that its panel needs.</summary>
[Collection<OneScene>]
public sealed partial class DashboardQueryTests(ChartScene scene)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [ClusterFact]
    public async Task Every_panel_gets_its_fields()
    {
        foreach ((string name, Uri server) in scene.Scrapers)
        {
            foreach (Dashboard dashboard in Dashboard.All)
            {
                foreach (JsonObject panel in dashboard.Panels)
                {
                    foreach (JsonNode? target in panel["targets"]!.AsArray())
                    {
                        await ExpectFieldsAsync($"{name}, {dashboard.File}, \"{panel["title"]}\" {target!["refId"]}", server, panel, target.AsObject());
                    }
                }
            }
        }
    }

    [ClusterFact]
    public async Task Every_selector_has_something_to_select()
    {
        foreach ((string name, Uri server) in scene.Scrapers)
        {
            foreach (Dashboard dashboard in Dashboard.All)
            {
                foreach (JsonObject variable in dashboard.Variables.Where(static one => (string?)one["type"] == "query"))
                {
                    string query = (string)variable.At("query/query")!;
                    string expression = QueryResult().Match(query) is { Success: true } match
                        ? match.Groups[1].Value : throw new InvalidOperationException($"{variable["name"]}: {query}");
                    var pattern = new Regex(((string)variable["regex"]!).Trim('/'));
                    IReadOnlyList<JsonObject> series = await AskAsync($"{name}, {dashboard.File}, ${variable["name"]}", server, expression, isRange: false);

                    // Grafana applies the expression to each series, written as the server's text format does.
                    Assert.All(series, one => Assert.Matches(pattern, $"{{{string.Join(',', one["metric"]!.AsObject().Select(static label => $"{label.Key}=\"{label.Value}\""))}}} 1"));
                }
            }
        }
    }

    [ClusterFact]
    public async Task The_map_is_a_graph()
    {
        JsonObject map = Dashboard.ServiceMap.Panels.Single(static one => (string?)one["type"] == "nodeGraph");
        foreach ((string name, Uri server) in scene.Scrapers)
        {
            IReadOnlyList<JsonObject> nodes = await RowsAsync("nodes");
            IReadOnlyList<JsonObject> edges = await RowsAsync("edges");
            HashSet<string> ids = [.. nodes.Select(static one => (string)one.At("metric/id")!)];
            Assert.Equal(nodes.Count, ids.Count);
            Assert.Equal(edges.Count, edges.Select(static one => (string)one.At("metric/id")!).Distinct().Count());
            Assert.All(edges, one => Assert.Contains((string)one.At("metric/source")!, ids));
            Assert.All(edges, one => Assert.Contains((string)one.At("metric/target")!, ids));
            Assert.All(await RowsAsync("nodes_connections"), one => Assert.Contains((string)one.At("metric/id")!, ids));

            string Id(string title) => (string)nodes.Single(one => (string?)one.At("metric/title") == title).At("metric/id")!;
            JsonObject edge = edges.Single(one => (string?)one.At("metric/source") == Id("web") && (string?)one.At("metric/target") == Id("store")
                && (string?)one.At("metric/detail__port") == $"{ChartScene.Port}");
            Assert.Equal("shop", (string?)nodes.Single(one => (string?)one.At("metric/title") == "store").At("metric/subtitle"));
            Assert.Equal("Deployment", (string?)nodes.Single(one => (string?)one.At("metric/title") == "store").At("metric/detail__kind"));

            // Both directions, through the service and past it, once: the server's account of the same bytes comes under another kind.
            string match = $"{{client_name=\"web\",server_name=\"store\",server_port=\"{ChartScene.Port}\",role=\"1\"}}[1m]";
            double expected = Value((await AskAsync(
                name, server, $"sum(rate(caretta_links_observed{match})) + sum(rate(caretta_link_received_bytes_total{match}))", isRange: false)).Single());
            Assert.InRange(Value(edge), expected * 0.7, expected * 1.3);
            Assert.Contains(await RowsAsync("edges_failures"), one => ((string)one.At("metric/id")!).EndsWith($":{ChartScene.RefusedPort}", StringComparison.Ordinal) && Value(one) > 0);

            async Task<IReadOnlyList<JsonObject>> RowsAsync(string target) =>
                await AskAsync($"{name}, map, {target}", server, Dashboard.Expression(Dashboard.Target(map, target)), isRange: false);
        }
    }

    [ClusterFact]
    public async Task The_map_hides_what_is_too_much()
    {
        JsonObject map = Dashboard.ServiceMap.Panels.Single(static one => (string?)one["type"] == "nodeGraph");
        JsonObject note = Dashboard.ServiceMap.Panels.Single(static one => (string?)one["title"] == "Shown and hidden");
        foreach ((string name, Uri server) in scene.Scrapers)
        {
            IReadOnlyList<JsonObject> edges = await AskAsync(name, server, Dashboard.Expression(Dashboard.Target(map, "edges"), maxLinks: 1), isRange: false);
            IReadOnlyList<JsonObject> nodes = await AskAsync(name, server, Dashboard.Expression(Dashboard.Target(map, "nodes"), maxLinks: 1), isRange: false);
            IReadOnlyList<JsonObject> hidden = await AskAsync(name, server, Dashboard.Expression(Dashboard.Target(note, "hidden"), maxLinks: 1), isRange: false);

            Assert.Single(edges);
            Assert.InRange(nodes.Count, 1, 2);
            Assert.True(Value(hidden.Single()) >= 1, hidden.Single().ToJsonString());
        }

        int most = Dashboard.ServiceMap.Variables.Single(static one => (string?)one["name"] == "max_links")["options"]!.AsArray()
            .Max(static one => int.Parse((string)one!["value"]!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(2 * most < 500, "as many nodes as links have ends");
    }

    /// <summary>The queries of the README, with names that are there.</summary>
    [ClusterFact]
    public async Task Examples_of_the_readme_parse_and_find_something()
    {
        string readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"), Cancellation);
        string[] examples = [.. Example().Matches(readme).Select(static match => match.Groups[1].Value
            .Replace("some-client", "web", StringComparison.Ordinal).Replace("some-server", "store", StringComparison.Ordinal))];
        Assert.InRange(examples.Length, 4, 20);
        foreach ((string name, Uri server) in scene.Scrapers)
        {
            foreach (string example in examples)
            {
                await AskAsync($"{name}, README", server, example, isRange: false);
            }
        }
    }

    /// <summary>A node graph finds fields by their names, a table shows them by what they were renamed to.</summary>
    [ClusterFact]
    public async Task Transformations_leave_what_a_panel_shows()
    {
        foreach ((string name, Uri server) in scene.Scrapers)
        {
            foreach (JsonObject panel in Dashboard.All.SelectMany(static one => one.Panels).Where(static one => one["transformations"] is not null))
            {
                string what = $"{name}, \"{panel["title"]}\"";
                JsonArray targets = panel["targets"]!.AsArray();
                JsonArray frames = [];
                foreach (JsonNode? target in targets)
                {
                    IReadOnlyList<JsonObject> series = await AskAsync(what, server, Dashboard.Expression(target!.AsObject()), isRange: false);
                    frames.Add(Grafana.Frame((string)target["refId"]!, targets.Count == 1, series));
                }

                JsonArray results = await Grafana.TransformAsync(panel["transformations"]!, frames, Cancellation);
                if ((string?)panel["type"] == "nodeGraph")
                {
                    Assert.Equal(2, results.Count);
                    JsonNode edges = results.Single(static one => Names(one!, "name").Contains("source"))!;
                    JsonNode nodes = results.Single(one => one != edges)!;
                    Assert.Superset(new HashSet<string>(["id", "title", "subtitle", "mainstat", "secondarystat", "detail__kind"]), Names(nodes, "name"));
                    Assert.Superset(new HashSet<string>(["id", "source", "target", "mainstat", "secondarystat", "detail__port"]), Names(edges, "name"));
                    Assert.All(nodes.AsArray().Single(static one => (string?)one!["name"] == "secondarystat")!["values"]!.AsArray(), Assert.NotNull);
                }
                else
                {
                    JsonNode table = Assert.Single(results)!;
                    HashSet<string> shown = Names(table, "shown");
                    JsonNode organize = panel["transformations"]!.AsArray().Single(static one => (string?)one!["id"] == "organize")!["options"]!;
                    HashSet<string> hidden = [.. organize["excludeByName"]!.AsObject().Select(static one => one.Key)];
                    Assert.DoesNotContain(shown, hidden.Contains);
                    Assert.All(
                        Dashboard.TableFields(panel).Concat(organize["renameByName"]!.AsObject().Select(static one => one.Key)
                            .Where(static one => one.StartsWith("Value", StringComparison.Ordinal))),
                        field => Assert.Contains((string?)organize["renameByName"]![field] ?? field, shown));
                }
            }
        }

        static HashSet<string> Names(JsonNode frame, string member) => [.. frame.AsArray().Select(one => (string)one![member]!)];
    }

    private static async Task ExpectFieldsAsync(string what, Uri server, JsonObject panel, JsonObject target)
    {
        IReadOnlyList<JsonObject> series = await AskAsync(what, server, Dashboard.Expression(target), (bool?)target["range"] == true);
        string[] fields =
        [
            .. Fields().Matches((string)target["legendFormat"]!).Select(static match => match.Groups[1].Value),
            .. (string?)panel["type"] == "nodeGraph" ? Dashboard.GraphFields((string)target["refId"]!) : [],
            .. (string?)panel["type"] == "table" ? Dashboard.TableFields(panel) : [],
        ];
        foreach (string field in fields)
        {
            Assert.All(series, one => Assert.True(!string.IsNullOrEmpty((string?)one["metric"]![field]), $"{what}: no {field} in {one.ToJsonString()}"));
        }
    }

    // Newly started servers have too few samples for a rate.
    private static async Task<IReadOnlyList<JsonObject>> AskAsync(string what, Uri server, string expression, bool isRange)
    {
        try
        {
            return await Eventually.GetAsync(
                $"{what} returns something",
                Patience,
                async () => await (isRange ? Query.RangeAsync(server, expression, Cancellation) : Query.InstantAsync(server, expression, Cancellation)) is { Count: > 0 } some
                    ? some : null,
                Cancellation);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{what} returns nothing: {expression}");
            throw;
        }
    }

    private static double Value(JsonObject series) => double.Parse((string)series.At("value/1")!, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"```promql\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Fields();

    [GeneratedRegex(@"^query_result\((.*)\)$")]
    private static partial Regex QueryResult();
}
