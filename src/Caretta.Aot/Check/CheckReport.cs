using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Caretta.Aot.Check;

/// <summary>What <c>caretta check</c> prints.</summary>
internal static class CheckReport
{
    // The text goes to terminals and tools, not into web pages: an apostrophe may stay one.
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>For people: a line per item, remedies below what needs one, the verdict last.</summary>
    public static string ToText(SystemCheck check)
    {
        var text = new StringBuilder();
        foreach (CheckItem item in check.Items)
        {
            text.Append(Mark(item.State)).Append(' ').Append(item.Name.PadRight(20)).Append(' ').Append(item.Found).Append('\n');
            if (item.Remedy is not null)
            {
                text.Append("                        -> ").Append(item.Remedy).Append('\n');
            }
        }

        text.Append(check.Passed ? $"caretta runs here: tier {check.Tier}\n" : "caretta cannot run here\n");
        return text.ToString();
    }

    /// <summary>For programs: one object; states are <c>ok</c>, <c>warning</c> and <c>failed</c>.</summary>
    public static string ToJson(SystemCheck check)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            json.WriteBoolean("passed", check.Passed);
            json.WriteString("tier", check.Tier);
            json.WriteString("reason", check.Reason);
            json.WriteStartArray("items");
            foreach (CheckItem item in check.Items)
            {
                json.WriteStartObject();
                json.WriteString("name", item.Name);
                json.WriteString("state", Name(item.State));
                json.WriteString("found", item.Found);
                json.WriteString("remedy", item.Remedy);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    private static string Name(CheckState state) => state switch
    {
        CheckState.Ok => "ok",
        CheckState.Warning => "warning",
        _ => "failed",
    };

    private static string Mark(CheckState state) => state switch
    {
        CheckState.Ok => "[ok]  ",
        CheckState.Warning => "[warn]",
        _ => "[FAIL]",
    };
}
