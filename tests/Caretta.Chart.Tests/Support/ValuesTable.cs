using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Caretta.Chart.Tests.Support;

/// <summary>The values of a chart as a table in Markdown: every key that has a comment, with its default and the comment.</summary>
internal static partial class ValuesTable
{
    private const int LongestDefault = 60;

    // Kubernetes' own types: the values need not have all their members.
    private static readonly HashSet<string> TypedMaps = ["securityContext", "podSecurityContext", "containerSecurityContext", "rollingUpdate"];

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes it.</summary>
    /// <param name="file">The chart's <c>values.yaml</c>.</param>
    /// <param name="prefix">Before each key, say <c>grafana.</c>.</param>
    public static string Write(string file, string prefix = "")
    {
        JsonNode values = Yaml.Parse(File.ReadAllText(file))!;
        var table = new System.Text.StringBuilder("| value | default | meaning |\n|---|---|---|\n");
        foreach ((string[] keys, string comment) in Comments(file))
        {
            if (keys[..^1].Aggregate<string, JsonNode?>(values, static (node, key) => (node as JsonObject)?[key]) is not JsonObject parent)
            {
                continue;       // within a list
            }

            JsonNode? value = parent[keys[^1]];
            string text = value?.ToJsonString(Plain) ?? "null";
            string shown = value is JsonObject { Count: > 0 } || text.Length > LongestDefault ? "" : $"`{text.Trim('"')}`";
            table.Append($"| `{prefix}{string.Join('.', keys)}` | {(shown == "``" ? "" : shown)} | {comment.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
        }

        return table.ToString();
    }

    /// <summary>Every key, for comparison with a schema; members of maps that are open to anything are left out.</summary>
    /// <param name="schema">Of the values.</param>
    /// <param name="values">The values.</param>
    /// <param name="where">The way to them.</param>
    /// <returns>Keys that only one of the two has.</returns>
    public static IEnumerable<string> Differences(JsonObject schema, JsonObject values, string where = "")
    {
        JsonObject? properties = schema["properties"]?.AsObject();
        if (properties is null || (bool?)schema["additionalProperties"] != false)
        {
            yield break;
        }

        foreach ((string key, JsonNode? inner) in properties)
        {
            bool isHelms = where.Length == 0 && key is "global" or "enabled";
            if (!values.ContainsKey(key))
            {
                if (!isHelms)
                {
                    yield return $"{where}{key}: in the schema only";
                }
            }
            else if (values[key] is JsonObject map && !TypedMaps.Contains(key))
            {
                foreach (string difference in Differences(inner!.AsObject(), map, $"{where}{key}."))
                {
                    yield return difference;
                }
            }
        }

        foreach ((string key, _) in values)
        {
            if (!properties.ContainsKey(key))
            {
                yield return $"{where}{key}: in the values only";
            }
        }
    }

    // A comment belongs to the key that follows it; a blank line ends one that belongs to none.
    private static IEnumerable<(string[] Keys, string Comment)> Comments(string file)
    {
        List<string> comment = [];
        Stack<(int Indent, string Key)> path = new();
        foreach (string line in File.ReadLines(file))
        {
            if (line.Trim() is ['#', .. string words])
            {
                comment.Add(words.Trim());
                continue;
            }

            if (KeyLine().Match(line) is { Success: true } match)
            {
                int indent = match.Groups[1].Length;
                while (path.TryPeek(out (int Indent, string Key) top) && top.Indent >= indent)
                {
                    path.Pop();
                }

                path.Push((indent, match.Groups[2].Value));
                if (comment.Count > 0)
                {
                    yield return ([.. path.Reverse().Select(static one => one.Key)], string.Join(' ', comment));
                }
            }

            comment.Clear();
        }
    }

    [GeneratedRegex(@"^( *)([A-Za-z0-9_.\-]+):")]
    private static partial Regex KeyLine();
}
