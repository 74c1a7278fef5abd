using System.Text.Json.Nodes;

namespace Caretta.Chart.Tests.Support;

/// <summary>
/// Holds objects strictly against a description of Kubernetes types (OpenAPI 2, as an API server serves it at <c>/openapi/v2</c>): what
/// it does not know is a finding, and so is a wrong type or a missing field.
/// </summary>
internal sealed class OpenApi
{
    private const string Group = "x-kubernetes-group-version-kind";

    private readonly JsonObject _definitions;
    private readonly Dictionary<string, string> _kinds = [];

    private OpenApi(JsonObject definitions)
    {
        _definitions = definitions;
        foreach ((string name, JsonNode? definition) in definitions)
        {
            foreach (JsonNode? kind in definition![Group]?.AsArray() ?? [])
            {
                _kinds.TryAdd($"{kind!["group"]}/{kind["version"]}/{kind["kind"]}", name);
            }
        }
    }

    /// <summary>Reads descriptions; of a type that several have, the first counts.</summary>
    public static OpenApi Load(params string[] documents)
    {
        var definitions = new JsonObject();
        foreach (string document in documents)
        {
            foreach ((string name, JsonNode? definition) in JsonNode.Parse(document)!["definitions"]!.AsObject())
            {
                definitions.TryAdd(name, definition!.DeepClone());
            }
        }

        return new OpenApi(definitions);
    }

    /// <summary>Everything that is wrong with an object.</summary>
    public IReadOnlyList<string> Check(JsonObject manifest)
    {
        string version = (string)manifest["apiVersion"]!;
        string key = $"{(version.Contains('/', StringComparison.Ordinal) ? version : "/" + version)}/{manifest["kind"]}";
        List<string> findings = [];
        if (_kinds.TryGetValue(key, out string? definition))
        {
            Check(manifest, _definitions[definition]!.AsObject(), $"{manifest["kind"]} {manifest["metadata"]?["name"]}", findings);
        }
        else
        {
            findings.Add($"no such type: {key}");
        }

        return findings;
    }

    private void Check(JsonNode? value, JsonObject schema, string where, List<string> findings)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            string name = reference[(reference.LastIndexOf('/') + 1)..];
            if (name.EndsWith(".Quantity", StringComparison.Ordinal) && value is JsonValue)
            {
                return;     // "1", 1 and "100m" are all quantities
            }

            schema = _definitions[name]!.AsObject();
        }

        string? type = (string?)schema["type"];
        if ((string?)schema["format"] == "int-or-string" || (bool?)schema["x-kubernetes-int-or-string"] == true)
        {
            type = value?.GetValueKind() == System.Text.Json.JsonValueKind.Number ? "integer" : "string";
        }

        switch (value)
        {
            case JsonObject map when type is null or "object":
                CheckMembers(map, schema, where, findings);
                break;
            case JsonArray list when type == "array":
                for (int i = 0; i < list.Count; i++)
                {
                    Check(list[i], schema["items"]!.AsObject(), $"{where}[{i}]", findings);
                }

                break;
            case JsonValue scalar when Fits(scalar, type):
                if (schema["enum"] is JsonArray allowed && !allowed.Any(one => JsonNode.DeepEquals(one, scalar)))
                {
                    findings.Add($"{where}: {scalar.ToJsonString()} is not one of {allowed.ToJsonString()}");
                }

                break;
            default:
                findings.Add($"{where}: expected {type ?? "object"}, got {value?.ToJsonString() ?? "null"}");
                break;
        }
    }

    private void CheckMembers(JsonObject map, JsonObject schema, string where, List<string> findings)
    {
        JsonObject? properties = schema["properties"]?.AsObject();
        JsonObject? others = schema["additionalProperties"] as JsonObject;
        bool isOpen = (bool?)schema["x-kubernetes-preserve-unknown-fields"] == true || (properties is null && others is null);
        foreach ((string name, JsonNode? member) in map)
        {
            if ((properties?[name] ?? others) is JsonObject inner)
            {
                Check(member, inner, $"{where}.{name}", findings);
            }
            else if (!isOpen)
            {
                findings.Add($"{where}.{name}: no such field");
            }
        }

        foreach (JsonNode? required in schema["required"]?.AsArray() ?? [])
        {
            if (!map.ContainsKey((string)required!))
            {
                findings.Add($"{where}.{required}: missing");
            }
        }
    }

    private static bool Fits(JsonValue value, string? type) => (type, value.GetValueKind()) switch
    {
        (null, _) => true,
        ("string", System.Text.Json.JsonValueKind.String) => true,
        ("boolean", System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False) => true,
        ("integer", System.Text.Json.JsonValueKind.Number) => value.TryGetValue(out long _),
        ("number", System.Text.Json.JsonValueKind.Number) => true,
        _ => false,
    };
}
