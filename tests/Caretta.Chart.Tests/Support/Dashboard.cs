using System.Text.Json.Nodes;

namespace Caretta.Chart.Tests.Support;

/// <summary>A dashboard of the chart.</summary>
internal sealed class Dashboard
{
    private static readonly string Folder = Path.Combine(Helm.Chart, "dashboards");

    private Dashboard(string file)
    {
        File = file;
        Json = JsonNode.Parse(System.IO.File.ReadAllText(Path.Combine(Folder, file)))!.AsObject();
    }

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Dashboard> All { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.json").Order(StringComparer.Ordinal).Select(static path => new Dashboard(Path.GetFileName(path)))];

    public static Dashboard ServiceMap => All.Single(static one => one.File == "service-map.json");

    public string File { get; }

    public JsonObject Json { get; }

    public IEnumerable<JsonObject> Panels => Json["panels"]!.AsArray().Select(static one => one!.AsObject());

    public IEnumerable<JsonObject> Variables => Json.At("templating/list")!.AsArray().Select(static one => one!.AsObject());

    /// <summary>A query of a panel.</summary>
    public static JsonObject Target(JsonObject panel, string refId) =>
        panel["targets"]!.AsArray().Single(one => (string?)one!["refId"] == refId)!.AsObject();

    /// <summary>The expression as Grafana sends it when everything is selected, over the last minute.</summary>
    public static string Expression(JsonObject target, int maxLinks = 200)
    {
        string expression = (string)target["expr"]!;
        foreach ((string variable, string value) in ((string, string)[])[
            ("$__rate_interval", "20s"), ("$__range", "1m"), ("$max_links", maxLinks.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("$since", "1h"), ("$namespace", ".*"), ("$kind", ".*"), ("$workload", ".*"), ("$port", ".*"), ("$node", ".*")])
        {
            expression = expression.Replace(variable, value, StringComparison.Ordinal);
        }

        return expression;
    }

    /// <summary>Fields that a node graph needs of its queries (Grafana documentation, "Node graph", data API).</summary>
    public static string[] GraphFields(string refId) => refId switch
    {
        "nodes" => ["id", "title", "subtitle", "detail__kind"],
        "edges" => ["id", "source", "target", "detail__port"],
        _ => ["id"],
    };

    /// <summary>Columns that a table takes from the labels of its queries: those that it arranges.</summary>
    public static IEnumerable<string> TableFields(JsonObject panel) =>
        panel["transformations"]!.AsArray().Where(static one => (string?)one!["id"] == "organize")
            .SelectMany(static one => one.At("options/indexByName")!.AsObject()).Select(static column => column.Key)
            .Where(static column => !column.StartsWith("Value", StringComparison.Ordinal));
}
