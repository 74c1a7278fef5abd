using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Caretta.Aot.Map;

/// <summary>
/// Writes the answers of docs/api.md. What is not ASCII, or could end a string or a script, goes out escaped: names come from strangers.
/// </summary>
internal static class MapJson
{
    /// <summary>Version of all answers.</summary>
    public const int Version = 1;

    private const int FlushBytes = 8 * 1024;

    private static readonly JsonEncodedText ClientText = JsonEncodedText.Encode("client");
    private static readonly JsonEncodedText ServerText = JsonEncodedText.Encode("server");
    private static readonly JsonEncodedText BothText = JsonEncodedText.Encode("both");

    /// <summary>Writes an answer of <c>/api/links</c>.</summary>
    public static void Write(LinkMap map, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("version"u8, Version);
        json.WriteString("scope"u8, map.IsCluster ? "cluster"u8 : "node"u8);
        if (map.IsSketch)
        {
            json.WriteString("detail"u8, "sketch"u8);
        }

        WriteTime(json, "time"u8, map.Time);
        WriteTime(json, "from"u8, map.From);
        WriteTime(json, "to"u8, map.To);
        WriteTime(json, "rateSeconds"u8, map.RateSeconds);
        json.WriteBoolean("store"u8, map.HasStore);
        json.WriteNumber("omittedLinks"u8, map.OmittedLinks);
        if (map.IncompleteLinks > 0)
        {
            json.WriteNumber("incompleteLinks"u8, map.IncompleteLinks);
        }

        json.WriteStartArray("agents"u8);
        foreach (MapAgent agent in map.Agents)
        {
            WriteAgent(json, agent);
            FlushIfFull(json);
        }

        json.WriteEndArray();
        json.WriteStartArray("nodes"u8);
        foreach (MapNode node in map.Nodes)
        {
            WriteNode(json, node);
            FlushIfFull(json);
        }

        json.WriteEndArray();
        json.WriteStartArray("links"u8);
        foreach (ref readonly MapLink link in CollectionsMarshal.AsSpan(map.Links))
        {
            WriteLink(json, in link);
            FlushIfFull(json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes an answer of <c>/api/history</c>.</summary>
    public static void Write(LinkHistory history, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("version"u8, Version);
        WriteTime(json, "from"u8, history.From);
        WriteTime(json, "to"u8, history.To);
        WriteTime(json, "step"u8, history.Step);
        WritePoints(json, "bytesToServerPerSecond"u8, history.BytesToServer);
        WritePoints(json, "bytesToClientPerSecond"u8, history.BytesToClient);
        WritePoints(json, "openedPerSecond"u8, history.Opened);
        WritePoints(json, "failedPerSecond"u8, history.Failed);
        json.WriteEndObject();
    }

    /// <summary>Writes an error.</summary>
    public static void WriteError(int status, string reason, string message, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteNumber("version"u8, Version);
        json.WriteStartObject("error"u8);
        json.WriteNumber("status"u8, status);
        json.WriteString("reason"u8, reason);
        json.WriteString("message"u8, message);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteAgent(Utf8JsonWriter json, MapAgent agent)
    {
        json.WriteStartObject();
        WriteText(json, "node"u8, agent.Node);
        WriteText(json, "pod"u8, agent.Pod);
        if (agent.Up is { } up)
        {
            json.WriteBoolean("up"u8, up);
        }

        WriteText(json, "agentVersion"u8, agent.Version);
        WriteText(json, "kernel"u8, agent.Kernel);
        WriteText(json, "tier"u8, agent.Tier);
        WriteText(json, "tierReason"u8, agent.TierReason);
        WriteKnown(json, "startTime"u8, agent.StartTime);
        WriteKnown(json, "polls"u8, agent.Polls);
        WriteKnown(json, "failedPolls"u8, agent.FailedPolls);
        WriteKnown(json, "pollSeconds"u8, agent.PollSeconds);
        WriteKnown(json, "pollInterval"u8, agent.PollInterval);
        WriteKnown(json, "liveSockets"u8, agent.LiveSockets);
        WriteKnown(json, "links"u8, agent.Links);
        WriteKnown(json, "linkBudget"u8, agent.LinkBudget);
        WriteKnown(json, "lostUpdates"u8, agent.LostUpdates);
        WriteKnown(json, "lostConnections"u8, agent.LostConnections);
        WriteKnown(json, "lostBytes"u8, agent.LostBytes);
        WriteKnown(json, "missedEvents"u8, agent.MissedEvents);
        WriteKnown(json, "pendingBytes"u8, agent.PendingBytes);
        WriteKnown(json, "residentBytes"u8, agent.ResidentBytes);
        WriteKnown(json, "mapBytes"u8, agent.MapBytes);
        json.WriteEndObject();
    }

    private static void WriteNode(Utf8JsonWriter json, MapNode node)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, node.Name);
        json.WriteString("namespace"u8, node.Namespace);
        json.WriteString("kind"u8, node.Kind);
        WriteText(json, "owner"u8, node.Owner);
        json.WriteEndObject();
    }

    private static void WriteLink(Utf8JsonWriter json, in MapLink link)
    {
        json.WriteStartObject();
        json.WriteNumber("client"u8, link.ClientNode);
        json.WriteNumber("server"u8, link.ServerNode);
        json.WriteNumber("port"u8, link.Port);
        json.WriteString("seenBy"u8, link.SeenBy switch { MapLink.Client => ClientText, MapLink.Server => ServerText, _ => BothText });
        WriteCount(json, "bytesToServer"u8, link.Totals.BytesToServer);
        WriteCount(json, "bytesToClient"u8, link.Totals.BytesToClient);
        WriteRate(json, "bytesToServerPerSecond"u8, link.Recent.BytesToServer, link.RateSeconds);
        WriteRate(json, "bytesToClientPerSecond"u8, link.Recent.BytesToClient, link.RateSeconds);
        WriteCount(json, "opened"u8, link.Totals.Opened);
        WriteCount(json, "closed"u8, link.Totals.Closed);
        WriteCount(json, "failed"u8, link.Totals.Failed);
        json.WriteNumber("open"u8, link.Open);
        WriteRate(json, "openedPerSecond"u8, link.Recent.Opened, link.RateSeconds);
        WriteRate(json, "failedPerSecond"u8, link.Recent.Failed, link.RateSeconds);
        WriteTime(json, "firstSeen"u8, link.FirstSeen);
        WriteTime(json, "lastSeen"u8, link.LastSeen);
        json.WriteEndObject();
    }

    private static void WritePoints(Utf8JsonWriter json, ReadOnlySpan<byte> name, double[] values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
        {
            if (double.IsFinite(value))
            {
                json.WriteNumberValue(Math.Round(value, 3));
            }
            else
            {
                json.WriteNullValue();
            }
        }

        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteKnown(Utf8JsonWriter json, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } known && double.IsFinite(known))
        {
            json.WriteNumber(name, known);
        }
    }

    // In full, and never with an exponent.
    private static void WriteCount(Utf8JsonWriter json, ReadOnlySpan<byte> name, double value) =>
        json.WriteNumber(name, value is > 0 and < ulong.MaxValue ? (ulong)Math.Round(value) : 0);

    private static void WriteRate(Utf8JsonWriter json, ReadOnlySpan<byte> name, double amount, double seconds) =>
        json.WriteNumber(name, seconds > 0 && amount > 0 ? Math.Round(amount / seconds, 3) : 0);

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, double seconds) => json.WriteNumber(name, Math.Round(seconds, 3));

    private static void FlushIfFull(Utf8JsonWriter json)
    {
        if (json.BytesPending >= FlushBytes)
        {
            json.Flush();
        }
    }
}
