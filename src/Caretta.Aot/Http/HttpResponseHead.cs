using System.Buffers;
using System.Buffers.Text;

namespace Caretta.Aot.Http;

/// <summary>Writes status lines and headers (RFC 9112 §4, §5). Nothing here allocates.</summary>
internal static class HttpResponseHead
{
    /// <summary>Digits and line end of a chunk's size; leading zeros are allowed (RFC 9112 §7.1), so it can be patched in later.</summary>
    public const int ChunkHeadBytes = 8;

    /// <summary>The chunk of size 0 that ends a chunked body, without trailers.</summary>
    public static ReadOnlySpan<byte> LastChunk => "0\r\n\r\n"u8;

    /// <summary>Begins a response: status line and Date (RFC 9110 §6.6.1).</summary>
    public static void Begin(SendBuffer output, int status, DateTimeOffset now)
    {
        output.Append(StatusLine(status));
        output.Append("Date: "u8);
        Span<byte> date = output.GetSpan(32);
        _ = now.TryFormat(date, out int written, "R");
        output.Advance(written);
        output.Append("\r\n"u8);
    }

    /// <summary>Adds one header.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="prefix">Name, colon and space.</param>
    /// <param name="value">The value; must hold no line end.</param>
    public static void Add(SendBuffer output, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> value)
    {
        output.Append(prefix);
        output.Append(value);
        output.Append("\r\n"u8);
    }

    /// <summary>Adds Content-Length.</summary>
    public static void AddLength(SendBuffer output, int length)
    {
        output.Append("Content-Length: "u8);
        _ = Utf8Formatter.TryFormat(length, output.GetSpan(16), out int written);
        output.Advance(written);
        output.Append("\r\n"u8);
    }

    /// <summary>Adds the weak entity tag of a document.</summary>
    public static void AddTag(SendBuffer output, ulong tag)
    {
        output.Append("ETag: W/\""u8);
        _ = Utf8Formatter.TryFormat(tag, output.GetSpan(HttpTerms.TagDigits), out int written, new StandardFormat('x', HttpTerms.TagDigits));
        output.Advance(written);
        output.Append("\"\r\n"u8);
    }

    /// <summary>Fills in the size of a chunk whose place was kept with <see cref="ChunkHeadBytes"/> bytes.</summary>
    public static void PatchChunkHead(Span<byte> place, int size)
    {
        _ = Utf8Formatter.TryFormat(size, place, out _, new StandardFormat('X', ChunkHeadBytes - 2));
        "\r\n"u8.CopyTo(place[(ChunkHeadBytes - 2)..]);
    }

    private static ReadOnlySpan<byte> StatusLine(int status) => status switch
    {
        200 => "HTTP/1.1 200 OK\r\n"u8,
        304 => "HTTP/1.1 304 Not Modified\r\n"u8,
        400 => "HTTP/1.1 400 Bad Request\r\n"u8,
        404 => "HTTP/1.1 404 Not Found\r\n"u8,
        405 => "HTTP/1.1 405 Method Not Allowed\r\n"u8,
        408 => "HTTP/1.1 408 Request Timeout\r\n"u8,
        413 => "HTTP/1.1 413 Content Too Large\r\n"u8,
        414 => "HTTP/1.1 414 URI Too Long\r\n"u8,
        431 => "HTTP/1.1 431 Request Header Fields Too Large\r\n"u8,
        501 => "HTTP/1.1 501 Not Implemented\r\n"u8,
        502 => "HTTP/1.1 502 Bad Gateway\r\n"u8,
        503 => "HTTP/1.1 503 Service Unavailable\r\n"u8,
        504 => "HTTP/1.1 504 Gateway Timeout\r\n"u8,
        505 => "HTTP/1.1 505 HTTP Version Not Supported\r\n"u8,
        _ => "HTTP/1.1 500 Internal Server Error\r\n"u8,
    };
}
