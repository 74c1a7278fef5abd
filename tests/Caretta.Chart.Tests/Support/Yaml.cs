using System.Globalization;
using System.Text.Json.Nodes;

using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Caretta.Chart.Tests.Support;

/// <summary>YAML as JSON, with the types that Kubernetes takes plain words for (YAML 1.2, core schema).</summary>
internal static class Yaml
{
    /// <summary>All documents; an empty one is null.</summary>
    public static IEnumerable<JsonNode?> ParseAll(string text)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(text);
        stream.Load(reader);
        return stream.Documents.Select(static document => Convert(document.RootNode));
    }

    /// <summary>The only document.</summary>
    public static JsonNode? Parse(string text) => ParseAll(text).Single();

    private static JsonNode? Convert(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                var members = new JsonObject();
                foreach ((YamlNode key, YamlNode value) in map.Children)
                {
                    members.Add(((YamlScalarNode)key).Value!, Convert(value));
                }

                return members;
            case YamlSequenceNode list:
                return new JsonArray([.. list.Children.Select(Convert)]);
            default:
                var scalar = (YamlScalarNode)node;
                return scalar.Style == ScalarStyle.Plain ? Plain(scalar.Value ?? "") : JsonValue.Create(scalar.Value);
        }
    }

    private static JsonValue? Plain(string word) => word switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => JsonValue.Create(true),
        "false" or "False" or "FALSE" => JsonValue.Create(false),
        _ when long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => JsonValue.Create(whole),
        _ when IsNumber(word) && double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => JsonValue.Create(number),
        _ => JsonValue.Create(word),
    };

    private static bool IsNumber(string word) => word.Any(char.IsAsciiDigit) && word.All(static c => char.IsAsciiDigit(c) || "+-.eE".Contains(c, StringComparison.Ordinal));
}
