using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Caretta.Aot.Export;

/// <summary>
/// The JSON of <c>/api/links</c> with the rows that are wanted. A comparison adds to each link what it was and how it changed, and to the
/// whole the other range.
/// </summary>
internal static class JsonFormat
{
    /// <summary>Writes it.</summary>
    /// <param name="map">Where the rows come from.</param>
    /// <param name="rows">In their order.</param>
    /// <param name="before">The map that was compared with; null for none.</param>
    public static string Write(SeenMap map, IReadOnlyList<ExportRow> rows, SeenMap? before)
    {
        SortedDictionary<SeenNode, int> nodes = [];
        foreach (ExportRow row in rows)
        {
            nodes[row.Link.Client] = 0;
            nodes[row.Link.Server] = 0;
        }

        int index = 0;
        foreach (SeenNode node in (SeenNode[])[.. nodes.Keys])
        {
            nodes[node] = index++;
        }

        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("version"u8, 1);
            json.WriteString("scope"u8, map.Scope);
            Number(json, "time"u8, map.Time);
            Number(json, "from"u8, map.From);
            Number(json, "to"u8, map.To);
            Number(json, "rateSeconds"u8, map.RateSeconds);
            json.WriteBoolean("store"u8, map.Store);
            Number(json, "omittedLinks"u8, map.OmittedLinks);
            if (before is not null)
            {
                json.WriteStartObject("before"u8);
                Number(json, "from"u8, before.From);
                Number(json, "to"u8, before.To);
                json.WriteEndObject();
            }

            json.WritePropertyName("agents"u8);
            json.WriteRawValue(map.AgentsJson);
            json.WriteStartArray("nodes"u8);
            foreach (SeenNode node in nodes.Keys)
            {
                json.WriteStartObject();
                json.WriteString("name"u8, node.Name);
                json.WriteString("namespace"u8, node.Namespace);
                json.WriteString("kind"u8, node.Kind);
                if (node.Owner is not null)
                {
                    json.WriteString("owner"u8, node.Owner);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("links"u8);
            foreach (ExportRow row in rows)
            {
                json.WriteStartObject();
                json.WriteNumber("client"u8, nodes[row.Link.Client]);
                json.WriteNumber("server"u8, nodes[row.Link.Server]);
                json.WriteNumber("port"u8, row.Link.Port);
                if (row.Change != LinkChange.None)
                {
                    json.WriteString("change"u8, row.ChangeWord);
                }

                WriteCounts(json, row.Link);
                if (row.Before is not null)
                {
                    json.WriteStartObject("before"u8);
                    WriteCounts(json, row.Before);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan) + "\n";
    }

    private static void WriteCounts(Utf8JsonWriter json, SeenLink link)
    {
        json.WriteString("seenBy"u8, link.SeenBy);
        Number(json, "bytesToServer"u8, link.BytesToServer);
        Number(json, "bytesToClient"u8, link.BytesToClient);
        Number(json, "bytesToServerPerSecond"u8, link.BytesToServerPerSecond);
        Number(json, "bytesToClientPerSecond"u8, link.BytesToClientPerSecond);
        Number(json, "opened"u8, link.Opened);
        Number(json, "closed"u8, link.Closed);
        Number(json, "failed"u8, link.Failed);
        Number(json, "open"u8, link.Open);
        Number(json, "openedPerSecond"u8, link.OpenedPerSecond);
        Number(json, "failedPerSecond"u8, link.FailedPerSecond);
        Number(json, "firstSeen"u8, link.FirstSeen);
        Number(json, "lastSeen"u8, link.LastSeen);
    }

    // In full: 1e21 is a number to JSON and text to some who read it.
    private static void Number(Utf8JsonWriter json, ReadOnlySpan<byte> name, double value)
    {
        if (value == Math.Truncate(value) && Math.Abs(value) < 9e18)
        {
            json.WriteNumber(name, (long)value);
        }
        else
        {
            json.WriteNumber(name, value);
        }
    }
}
