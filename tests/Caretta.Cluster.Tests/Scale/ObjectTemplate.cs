using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>An object in JSON with gaps: <c>@name</c> in its strings is filled with the field called so.</summary>
internal sealed partial class ObjectTemplate
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly (byte[] Text, ObjectField? Then)[] _pieces;

    private ObjectTemplate(string json)
    {
        List<(byte[], ObjectField?)> pieces = [];
        int from = 0;
        foreach (Match match in Gap().Matches(json))
        {
            // Anything else behind an @ is text, say the digest of an image.
            if (Enum.TryParse(match.Groups[1].Value, ignoreCase: true, out ObjectField field))
            {
                pieces.Add((Encoding.UTF8.GetBytes(json[from..match.Index]), field));
                from = match.Index + match.Length;
            }
        }

        pieces.Add((Encoding.UTF8.GetBytes(json[from..]), null));
        _pieces = [.. pieces];
    }

    /// <summary>Reads <c>Templates/NAME.json</c> of this project.</summary>
    public static JsonObject Read(string name)
    {
        using Stream stream = typeof(ObjectTemplate).Assembly.GetManifestResourceStream($"{name}.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }

    public static ObjectTemplate Of(JsonObject json) => new(json.ToJsonString(Compact));

    /// <summary>Writes the object, without line breaks.</summary>
    public void Write(IBufferWriter<byte> output, ObjectFields fields)
    {
        foreach ((byte[] text, ObjectField? then) in _pieces)
        {
            output.Write(text);
            if (then is { } field)
            {
                Encoding.UTF8.GetBytes(fields[field], output);
            }
        }
    }

    [GeneratedRegex("@([A-Za-z][A-Za-z0-9]*)")]
    private static partial Regex Gap();
}
