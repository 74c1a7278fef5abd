using System.Buffers.Text;

namespace Caretta.Aot.Http;

/// <summary>What of a request matters for the form of its response; unlike the request it lives on while an answer is prepared.</summary>
internal readonly struct HttpTerms
{
    /// <summary>Hexadecimal digits of an entity tag.</summary>
    public const int TagDigits = 16;

    private HttpTerms(in HttpRequest request)
    {
        Is11 = request.Is11;
        IsHead = request.Method == HttpMethodKind.Head;
        KeepAlive = !request.AsksToClose && (request.Is11 || request.AsksToKeep);
        AcceptsGzip = HttpNegotiation.AcceptsGzip(request);
        Known = KnownTag(request);
    }

    /// <summary>Whether the client understands chunks.</summary>
    public bool Is11 { get; }

    /// <summary>Whether the body is to be dropped.</summary>
    public bool IsHead { get; }

    /// <summary>Whether the client wants to go on with this connection.</summary>
    public bool KeepAlive { get; }

    /// <summary>Whether the client takes gzip.</summary>
    public bool AcceptsGzip { get; }

    /// <summary>The document that the client has already (RFC 9110 §13.1.2); null for none, or for one that was never ours.</summary>
    public ulong? Known { get; }

    /// <summary>Reads a request.</summary>
    public static HttpTerms Of(in HttpRequest request) => new(request);

    // One tag as we write it: clients repeat what they got. Lists and * are not worth it, for a full answer is never wrong.
    private static ulong? KnownTag(in HttpRequest request)
    {
        foreach (HttpHeaders.Line line in request.Headers)
        {
            if (!line.Is("If-None-Match"u8))
            {
                continue;
            }

            ReadOnlySpan<byte> tag = line.Value.StartsWith("W/"u8) ? line.Value[2..] : line.Value;
            return tag.Length == TagDigits + 2 && tag[0] == '"' && tag[^1] == '"'
                && Utf8Parser.TryParse(tag[1..^1], out ulong known, out int used, 'x') && used == TagDigits ? known : null;
        }

        return null;
    }
}
