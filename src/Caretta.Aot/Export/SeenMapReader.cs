using System.Text;
using System.Text.Json;

namespace Caretta.Aot.Export;

/// <summary>Reads answers of <c>/api/links</c>. Members it does not know are passed over, for later agents have more.</summary>
internal static class SeenMapReader
{
    private const int MaxPort = ushort.MaxValue;

    /// <summary>Reads an answer, or a file that holds one.</summary>
    /// <exception cref="FormatException">It is not one; the message says why, in one line.</exception>
    public static SeenMap Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            return Parse(ref reader, json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second: text where a number is due, and the like.
            throw new FormatException("expected the JSON of /api/links: " + FirstLine(e.Message), e);
        }
    }

    /// <summary>The message of an error as docs/api.md has it; null if this is none.</summary>
    public static string? ParseError(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            Enter(ref reader);
            while (Next(ref reader))
            {
                if (!reader.ValueTextEquals("error"u8))
                {
                    reader.Skip();
                    continue;
                }

                Enter(ref reader);
                while (Next(ref reader))
                {
                    if (reader.ValueTextEquals("message"u8))
                    {
                        reader.Read();
                        return reader.GetString();
                    }

                    reader.Skip();
                }

                return null;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not an error of ours: the status alone tells.
        }

        return null;
    }

    private static SeenMap Parse(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var map = new SeenMap { Scope = "", Links = [] };
        double version = 0;
        List<SeenNode> nodes = [];
        List<(SeenLink Link, int Client, int Server)> links = [];
        bool hasNodes = false;
        bool hasLinks = false;
        Enter(ref reader);
        while (Next(ref reader))
        {
            if (reader.ValueTextEquals("version"u8)) { version = Number(ref reader); }
            else if (reader.ValueTextEquals("scope"u8)) { map = map with { Scope = Text(ref reader) ?? "" }; }
            else if (reader.ValueTextEquals("time"u8)) { map = map with { Time = Number(ref reader) }; }
            else if (reader.ValueTextEquals("from"u8)) { map = map with { From = Number(ref reader) }; }
            else if (reader.ValueTextEquals("to"u8)) { map = map with { To = Number(ref reader) }; }
            else if (reader.ValueTextEquals("rateSeconds"u8)) { map = map with { RateSeconds = Number(ref reader) }; }
            else if (reader.ValueTextEquals("store"u8)) { map = map with { Store = reader.Read() && reader.GetBoolean() }; }
            else if (reader.ValueTextEquals("omittedLinks"u8)) { map = map with { OmittedLinks = Number(ref reader) }; }
            else if (reader.ValueTextEquals("incompleteLinks"u8)) { map = map with { IncompleteLinks = Number(ref reader) }; }
            else if (reader.ValueTextEquals("agents"u8))
            {
                reader.Read();
                int begin = (int)reader.TokenStartIndex;
                map = map with { Agents = ReadAgents(ref reader) };
                map = map with { AgentsJson = Encoding.UTF8.GetString(json[begin..(int)reader.BytesConsumed]) };
            }
            else if (reader.ValueTextEquals("nodes"u8))
            {
                hasNodes = true;
                BeginArray(ref reader);
                while (NextItem(ref reader))
                {
                    nodes.Add(ReadNode(ref reader));
                }
            }
            else if (reader.ValueTextEquals("links"u8))
            {
                hasLinks = true;
                BeginArray(ref reader);
                while (NextItem(ref reader))
                {
                    links.Add(ReadLink(ref reader));
                }
            }
            else
            {
                reader.Skip();
            }
        }

        if (reader.Read())
        {
            throw new JsonException("something follows the answer");
        }

        if (version != 1)
        {
            throw new FormatException(version == 0 ? "expected the JSON of /api/links: it has no version"
                : $"the answer has version {version:0.###}, and this caretta knows version 1: use one that is as new as the agent");
        }

        if (!hasNodes || !hasLinks || map.Scope.Length == 0)
        {
            throw new FormatException("expected the JSON of /api/links: scope, nodes or links are missing");
        }

        SeenLink[] joined = new SeenLink[links.Count];
        for (int i = 0; i < joined.Length; i++)
        {
            (SeenLink link, int client, int server) = links[i];
            if ((uint)client >= (uint)nodes.Count || (uint)server >= (uint)nodes.Count)
            {
                throw new FormatException($"expected the JSON of /api/links: link {i} is between nodes {client} and {server} of {nodes.Count}");
            }

            joined[i] = link with { Client = nodes[client], Server = nodes[server] };
        }

        return map with { Links = joined };
    }

    private static List<SeenAgent> ReadAgents(ref Utf8JsonReader reader)
    {
        List<SeenAgent> agents = [];
        Expect(ref reader, JsonTokenType.StartArray);
        while (NextItem(ref reader))
        {
            var agent = new SeenAgent(null, null, null, 0, 0, 0, 0);
            while (Next(ref reader))
            {
                if (reader.ValueTextEquals("node"u8)) { agent = agent with { Node = Text(ref reader) }; }
                else if (reader.ValueTextEquals("tier"u8)) { agent = agent with { Tier = Text(ref reader) }; }
                else if (reader.ValueTextEquals("startTime"u8)) { agent = agent with { StartTime = Number(ref reader) }; }
                else if (reader.ValueTextEquals("lostUpdates"u8)) { agent = agent with { LostUpdates = Number(ref reader) }; }
                else if (reader.ValueTextEquals("lostConnections"u8)) { agent = agent with { LostConnections = Number(ref reader) }; }
                else if (reader.ValueTextEquals("lostBytes"u8)) { agent = agent with { LostBytes = Number(ref reader) }; }
                else if (reader.ValueTextEquals("missedEvents"u8)) { agent = agent with { MissedEvents = Number(ref reader) }; }
                else { reader.Skip(); }
            }

            agents.Add(agent);
        }

        return agents;
    }

    private static SeenNode ReadNode(ref Utf8JsonReader reader)
    {
        string? name = null;
        string? space = null;
        string? kind = null;
        string? owner = null;
        while (Next(ref reader))
        {
            if (reader.ValueTextEquals("name"u8)) { name = Text(ref reader); }
            else if (reader.ValueTextEquals("namespace"u8)) { space = Text(ref reader); }
            else if (reader.ValueTextEquals("kind"u8)) { kind = Text(ref reader); }
            else if (reader.ValueTextEquals("owner"u8)) { owner = Text(ref reader); }
            else { reader.Skip(); }
        }

        return name is not null && space is not null && kind is not null ? new SeenNode(space, name, kind, owner)
            : throw new FormatException("expected the JSON of /api/links: a node lacks its name, namespace or kind");
    }

    private static (SeenLink Link, int Client, int Server) ReadLink(ref Utf8JsonReader reader)
    {
        var nobody = new SeenNode("", "", "");
        var link = new SeenLink { Client = nobody, Server = nobody, Port = 0 };
        int client = -1;
        int server = -1;
        while (Next(ref reader))
        {
            if (reader.ValueTextEquals("client"u8)) { client = Index(ref reader); }
            else if (reader.ValueTextEquals("server"u8)) { server = Index(ref reader); }
            else if (reader.ValueTextEquals("port"u8))
            {
                int port = Index(ref reader);
                link = port <= MaxPort ? link with { Port = port } : throw new JsonException($"no port can be {port}");
            }
            else if (reader.ValueTextEquals("seenBy"u8)) { link = link with { SeenBy = Text(ref reader) ?? "" }; }
            else if (reader.ValueTextEquals("bytesToServer"u8)) { link = link with { BytesToServer = Number(ref reader) }; }
            else if (reader.ValueTextEquals("bytesToClient"u8)) { link = link with { BytesToClient = Number(ref reader) }; }
            else if (reader.ValueTextEquals("bytesToServerPerSecond"u8)) { link = link with { BytesToServerPerSecond = Number(ref reader) }; }
            else if (reader.ValueTextEquals("bytesToClientPerSecond"u8)) { link = link with { BytesToClientPerSecond = Number(ref reader) }; }
            else if (reader.ValueTextEquals("opened"u8)) { link = link with { Opened = Number(ref reader) }; }
            else if (reader.ValueTextEquals("closed"u8)) { link = link with { Closed = Number(ref reader) }; }
            else if (reader.ValueTextEquals("failed"u8)) { link = link with { Failed = Number(ref reader) }; }
            else if (reader.ValueTextEquals("open"u8)) { link = link with { Open = Number(ref reader) }; }
            else if (reader.ValueTextEquals("openedPerSecond"u8)) { link = link with { OpenedPerSecond = Number(ref reader) }; }
            else if (reader.ValueTextEquals("failedPerSecond"u8)) { link = link with { FailedPerSecond = Number(ref reader) }; }
            else if (reader.ValueTextEquals("firstSeen"u8)) { link = link with { FirstSeen = Number(ref reader) }; }
            else if (reader.ValueTextEquals("lastSeen"u8)) { link = link with { LastSeen = Number(ref reader) }; }
            else { reader.Skip(); }
        }

        return (link, client, server);
    }

    private static void Enter(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(ref reader, JsonTokenType.StartObject);
    }

    private static void BeginArray(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(ref reader, JsonTokenType.StartArray);
    }

    // The name of the next member; false at the end of the object.
    private static bool Next(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    // The next object of an array; false at its end.
    private static bool NextItem(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            return false;
        }

        Expect(ref reader, JsonTokenType.StartObject);
        return true;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (reader.TokenType != type)
        {
            throw new JsonException($"expected {type} at byte {reader.TokenStartIndex}, got {reader.TokenType}");
        }
    }

    private static double Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TryGetDouble(out double value) && double.IsFinite(value) ? value
            : throw new JsonException($"the number at byte {reader.TokenStartIndex} is too large");
    }

    private static int Index(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TryGetInt32(out int value) && value >= 0 ? value
            : throw new JsonException($"expected a whole number at byte {reader.TokenStartIndex}");
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString();
    }

    private static string FirstLine(string text)
    {
        int end = text.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? text : text[..end];
    }
}
