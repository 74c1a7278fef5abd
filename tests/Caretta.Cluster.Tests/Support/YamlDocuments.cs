using System.Globalization;
using System.Text.Json.Nodes;

using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Caretta.Cluster.Tests.Support;

/// <summary>Reads YAML as <c>kubectl</c> does: what has no quotes and looks like something else than text is that.</summary>
internal static class YamlDocuments
{
    /// <summary>The objects in a stream; documents that hold comments alone are left out.</summary>
    public static List<JsonObject> Parse(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return [.. stream.Documents.Select(static document => Convert(document.RootNode)).OfType<JsonObject>()];
    }

    private static JsonNode? Convert(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                var result = new JsonObject();
                foreach ((YamlNode key, YamlNode value) in mapping.Children)
                {
                    result.Add(((YamlScalarNode)key).Value!, Convert(value));
                }

                return result;
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Children.Select(Convert)]);
            case YamlScalarNode { Style: ScalarStyle.Plain } scalar:
                string text = scalar.Value!;
                return text.ToLowerInvariant() switch
                {
                    "" or "~" or "null" => null,
                    "true" or "yes" or "on" or "y" => true,
                    "false" or "no" or "off" or "n" => false,
                    _ => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole
                        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : text,
                };
            case YamlScalarNode quoted:
                return quoted.Value;
            default:
                throw new FormatException($"unexpected {node.NodeType}");
        }
    }
}
