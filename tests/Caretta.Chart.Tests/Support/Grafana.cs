using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

using Caretta.Testing;

namespace Caretta.Chart.Tests.Support;

/// <summary>What Grafana itself makes of dashboards and query results, by its own published libraries. Needs node.</summary>
internal static partial class Grafana
{
    private static readonly string Folder = ChartTools.Find("grafana");

    /// <summary>Runs the transformations of a panel.</summary>
    /// <param name="transformations">As the dashboard has them.</param>
    /// <param name="frames">Results of the panel's queries.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Frames, each a list of fields with <c>name</c>, <c>shown</c> and <c>values</c>.</returns>
    public static async Task<JsonArray> TransformAsync(JsonNode transformations, JsonArray frames, CancellationToken cancellation)
    {
        string input = new JsonObject { ["transformations"] = transformations.DeepClone(), ["frames"] = frames }.ToJsonString();
        (int code, string output, string error) = await RunAsync(
            input, cancellation, Path.Combine(Repository.Root, "tests", "chart", "transform.cjs"), Folder);
        return code == 0 ? JsonNode.Parse(output)!.AsArray() : throw new InvalidOperationException(error);
    }

    /// <summary>Holds a dashboard against Grafana's own types, unknown members included.</summary>
    /// <returns>What is wrong with it; empty if nothing is.</returns>
    public static async Task<string> CheckTypesAsync(string json, CancellationToken cancellation)
    {
        using var files = new TemporaryDirectory();
        string types = await File.ReadAllTextAsync(
            Path.Combine(Folder, "node_modules", "@grafana", "schema", "dist", "types", "raw", "dashboard", "x", "dashboard_types.gen.d.ts"), cancellation);

        // TypeScript takes no literal for an enumeration, and JSON has nothing else.
        await File.WriteAllTextAsync(
            files["types.d.ts"],
            Enumeration().Replace(types, static match =>
                $"export type {match.Groups[1].Value} = {string.Join(" | ", Value().Matches(match.Groups[2].Value).Select(static value => value.Groups[1].Value))};"),
            cancellation);
        await File.WriteAllTextAsync(
            files["dashboard.ts"],
            $"import type {{ Dashboard }} from './types';\nexport const dashboard: Dashboard = {json.TrimEnd()};\n",
            cancellation);
        (_, string output, string error) = await RunAsync(
            "", cancellation, Path.Combine(Folder, "node_modules", "typescript", "bin", "tsc"),
            "--noEmit", "--strict", "--skipLibCheck", "--module", "commonjs", files["dashboard.ts"]);
        return output + error;
    }

    /// <summary>The result of a query as the data source hands it to panels, in the format <c>table</c>.</summary>
    /// <param name="refId">Of the query.</param>
    /// <param name="isOnly">Whether the panel has one query only: the value's name then has no suffix.</param>
    /// <param name="series">As the server answered.</param>
    public static JsonObject Frame(string refId, bool isOnly, IReadOnlyList<JsonObject> series)
    {
        string[] labels = [.. series.SelectMany(static one => one["metric"]!.AsObject().Select(static label => label.Key)).Distinct().Order(StringComparer.Ordinal)];
        JsonArray fields = [Field("Time", "time", static one => (double)one.At("value/0")! * 1000)];
        foreach (string label in labels)
        {
            fields.Add(Field(label, "string", one => (string?)one["metric"]![label]));
        }

        fields.Add(Field(
            isOnly ? "Value" : "Value #" + refId,
            "number",
            static one => double.Parse((string)one.At("value/1")!, System.Globalization.CultureInfo.InvariantCulture)));
        return new JsonObject { ["refId"] = refId, ["fields"] = fields };

        JsonObject Field(string name, string type, Func<JsonObject, JsonNode?> value) => new()
        {
            ["name"] = name,
            ["type"] = type,
            ["values"] = new JsonArray([.. series.Select(value)]),
        };
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string input, CancellationToken cancellation, params string[] arguments)
    {
        var start = new ProcessStartInfo("node", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process node = Process.Start(start)!;
        Task<string> output = node.StandardOutput.ReadToEndAsync(cancellation);
        Task<string> error = node.StandardError.ReadToEndAsync(cancellation);
        await node.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        node.StandardInput.Close();
        await node.WaitForExitAsync(cancellation);
        return (node.ExitCode, await output, await error);
    }

    [GeneratedRegex(@"export declare enum (\w+) \{([^}]*)\}")]
    private static partial Regex Enumeration();

    [GeneratedRegex("""=\s*("[^"]*"|-?\d+)""")]
    private static partial Regex Value();
}
