using System.Globalization;
using System.Text;

namespace Caretta.Aot.Transport;

/// <summary>
/// What a response says of itself (RFC 9112 §4 to §6, RFC 9110 §8 and §10.2.3), as far as anybody here asks.
/// </summary>
internal sealed class ResponseHead
{
    /// <summary>Status code, 100 to 599.</summary>
    public int Status { get; private set; }

    /// <summary>Media type in lower case, without parameters; null if it was not told.</summary>
    public string? MediaType { get; private set; }

    /// <summary>Whether the body is compressed with gzip.</summary>
    public bool IsGzip { get; private set; }

    /// <summary>Retry-After as it came: seconds, or a date.</summary>
    public string? RetryAfter { get; private set; }

    /// <summary>Bytes of the body; null if only its end tells.</summary>
    public long? Length { get; private set; }

    /// <summary>Whether the body comes in chunks, which then tell its length.</summary>
    public bool IsChunked { get; private set; }

    /// <summary>Whether another request may follow on the connection.</summary>
    public bool KeepsConnection { get; private set; }

    /// <summary>Reads a head.</summary>
    /// <param name="head">From the status line to the empty line, both included.</param>
    /// <exception cref="TransportException">It is no HTTP/1.x, or its length is ambiguous.</exception>
    public static ResponseHead Parse(ReadOnlySpan<byte> head)
    {
        var parsed = new ResponseHead();
        parsed.TakeStatus(NextLine(ref head));
        while (NextLine(ref head) is { Length: > 0 } line)
        {
            int colon = line.IndexOf((byte)':');
            if (colon <= 0)
            {
                throw new TransportException("a line of the response's head is no header");
            }

            parsed.Take(line[..colon], line[(colon + 1)..].Trim(" \t"u8));
        }

        if (parsed.Status is < 200 or 204 or 304)
        {
            (parsed.Length, parsed.IsChunked) = (0, false);
        }
        else if (parsed.IsChunked)
        {
            // RFC 9112 §6.3: a length beside chunks does not count, and whoever sent both is not to be trusted with another request.
            parsed.KeepsConnection &= parsed.Length is null;
            parsed.Length = null;
        }
        else if (parsed.Length is null)
        {
            parsed.KeepsConnection = false;
        }

        return parsed;
    }

    private static ReadOnlySpan<byte> NextLine(ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return line is [.., (byte)'\r'] ? line[..^1] : line;
    }

    private static bool Is(ReadOnlySpan<byte> value, ReadOnlySpan<byte> expected) => Ascii.EqualsIgnoreCase(value, expected);

    private static bool Lists(ReadOnlySpan<byte> value, ReadOnlySpan<byte> token)
    {
        foreach (Range element in value.Split((byte)','))
        {
            if (Is(value[element].Trim(" \t"u8), token))
            {
                return true;
            }
        }

        return false;
    }

    // HTTP/1.1 200 OK
    private void TakeStatus(ReadOnlySpan<byte> line)
    {
        bool isHttp = line.Length >= 12 && line.StartsWith("HTTP/1."u8) && line[7] is (byte)'0' or (byte)'1' && line[8] == ' '
            && (line.Length == 12 || line[12] == ' ');
        if (!isHttp || !int.TryParse(line.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status) || status is < 100 or > 599)
        {
            throw new TransportException("what answers there does not speak HTTP/1.1");
        }

        Status = status;
        KeepsConnection = line[7] == '1';
    }

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (Is(name, "content-length"u8))
        {
            bool isNumber = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long length);
            if (!isNumber || (Length is long before && before != length))
            {
                throw new TransportException("the length of the response cannot be told");
            }

            Length = length;
        }
        else if (Is(name, "transfer-encoding"u8))
        {
            IsChunked = !IsChunked && Is(value, "chunked"u8)
                ? true : throw new TransportException("the response is encoded in a way that nobody asked for");
        }
        else if (Is(name, "connection"u8))
        {
            KeepsConnection = !Lists(value, "close"u8) && (KeepsConnection || Lists(value, "keep-alive"u8));
        }
        else if (Is(name, "content-type"u8))
        {
            int end = value.IndexOf((byte)';');
            MediaType = Encoding.Latin1.GetString((end < 0 ? value : value[..end]).TrimEnd(" \t"u8)).ToLowerInvariant();
        }
        else if (Is(name, "content-encoding"u8))
        {
            IsGzip = Lists(value, "gzip"u8);
        }
        else if (Is(name, "retry-after"u8))
        {
            RetryAfter = Encoding.Latin1.GetString(value);
        }
    }
}
