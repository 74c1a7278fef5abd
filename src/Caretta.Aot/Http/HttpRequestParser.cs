using System.Buffers;
using System.Text;

namespace Caretta.Aot.Http;

/// <summary>
/// Turns a complete request head into an <see cref="HttpRequest"/>, strictly by RFC 9112. Pure: no state, no I/O, any thread.
/// </summary>
internal static class HttpRequestParser
{
    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // What RFC 3986 allows, and the brackets, braces, bars and carets that browsers leave unencoded in queries. No fragment.
    private static readonly SearchValues<byte> TargetBytes = SearchValues.Create(
        "!$%&'()*+,-./:;=?@[\\]^_`{|}~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> HostBytes = SearchValues.Create(
        "!$%&'()*+-.:;=[]_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // RFC 9110 §5.5: visible characters, space, tab and bytes above 0x7f.
    private static readonly SearchValues<byte> ValueBytes = SearchValues.Create(AllowedInValues());

    /// <summary>Whether a method may begin with <paramref name="value"/>.</summary>
    public static bool IsTokenByte(byte value) => TokenBytes.Contains(value);

    /// <summary>
    /// Parses <paramref name="head"/>: the request line through the empty line, all line ends included.
    /// On any result but <see cref="HttpReject.None"/> and <see cref="HttpReject.Body"/> the request is empty.
    /// </summary>
    public static HttpReject Parse(ReadOnlySpan<byte> head, out HttpRequest request)
    {
        request = default;

        // request-line = method SP request-target SP HTTP-version CRLF
        int end = head.IndexOf("\r\n"u8);
        if (end < 0)
        {
            return HttpReject.LineEnding;
        }

        ReadOnlySpan<byte> line = head[..end];
        ReadOnlySpan<byte> headers = head[(end + 2)..];
        int methodEnd = line.IndexOf((byte)' ');
        int versionStart = line.LastIndexOf((byte)' ') + 1;
        if (methodEnd <= 0 || versionStart <= methodEnd + 2 || line[..methodEnd].ContainsAnyExcept(TokenBytes))
        {
            return line.Contains((byte)'\r') ? HttpReject.LineEnding : HttpReject.RequestLine;
        }

        ReadOnlySpan<byte> method = line[..methodEnd];
        ReadOnlySpan<byte> target = line[(methodEnd + 1)..(versionStart - 1)];
        HttpReject reject = ParseVersion(line[versionStart..], out bool is11);
        if (reject != HttpReject.None)
        {
            return reject;
        }

        reject = ParseTarget(method, target, out ReadOnlySpan<byte> path, out ReadOnlySpan<byte> query);
        if (reject != HttpReject.None)
        {
            return reject;
        }

        reject = ParseHeaders(headers, is11, out bool close, out bool keep);
        if (reject is not (HttpReject.None or HttpReject.Body))
        {
            return reject;
        }

        request = new HttpRequest
        {
            Method = ClassifyMethod(method),
            Path = path,
            Query = query,
            Headers = new HttpHeaders(headers),
            Is11 = is11,
            AsksToClose = close,
            AsksToKeep = keep,
        };
        return reject;
    }

    private static byte[] AllowedInValues()
    {
        var allowed = new List<byte> { (byte)'\t' };
        for (int value = 0x20; value <= 0xff; value++)
        {
            if (value != 0x7f)
            {
                allowed.Add((byte)value);
            }
        }

        return [.. allowed];
    }

    // Methods are case-sensitive (RFC 9110 §9.1): "get" is an unknown one.
    private static HttpMethodKind ClassifyMethod(ReadOnlySpan<byte> method) =>
        method.SequenceEqual("GET"u8) ? HttpMethodKind.Get
        : method.SequenceEqual("HEAD"u8) ? HttpMethodKind.Head
        : method.SequenceEqual("POST"u8) || method.SequenceEqual("PUT"u8) || method.SequenceEqual("DELETE"u8)
            || method.SequenceEqual("OPTIONS"u8) || method.SequenceEqual("PATCH"u8) || method.SequenceEqual("CONNECT"u8)
            || method.SequenceEqual("TRACE"u8) ? HttpMethodKind.Known
        : HttpMethodKind.Unknown;

    // HTTP-version = "HTTP/" DIGIT "." DIGIT. A higher minor version is served as 1.1 (RFC 9110 §2.5).
    private static HttpReject ParseVersion(ReadOnlySpan<byte> version, out bool is11)
    {
        is11 = false;
        if (version.Length != 8 || !version.StartsWith("HTTP/"u8) || version[6] != '.'
            || !char.IsAsciiDigit((char)version[5]) || !char.IsAsciiDigit((char)version[7]))
        {
            return version.Contains((byte)'\r') ? HttpReject.LineEnding : HttpReject.RequestLine;
        }

        is11 = version[7] != '0';
        return version[5] == '1' ? HttpReject.None : HttpReject.Version;
    }

    // origin-form for all; absolute-form, which proxies send; "*" for OPTIONS and authority-form for CONNECT, which end in 405 anyway.
    private static HttpReject ParseTarget(
        ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, out ReadOnlySpan<byte> path, out ReadOnlySpan<byte> query)
    {
        path = target;
        query = default;
        if (target.ContainsAnyExcept(TargetBytes))
        {
            return HttpReject.Target;
        }

        if (method.SequenceEqual("CONNECT"u8) || (target.SequenceEqual("*"u8) && method.SequenceEqual("OPTIONS"u8)))
        {
            return HttpReject.None;
        }

        if (target[0] != '/')
        {
            ReadOnlySpan<byte> scheme = "http://"u8;
            if (target.Length <= scheme.Length || !Ascii.EqualsIgnoreCase(target[..scheme.Length], scheme))
            {
                return HttpReject.Target;
            }

            target = target[scheme.Length..];
            int authorityEnd = target.IndexOfAny((byte)'/', (byte)'?');
            ReadOnlySpan<byte> authority = authorityEnd < 0 ? target : target[..authorityEnd];
            if (authority.IsEmpty || authority.ContainsAnyExcept(HostBytes))
            {
                return HttpReject.Target;
            }

            target = authorityEnd < 0 ? default : target[authorityEnd..];
        }

        int mark = target.IndexOf((byte)'?');
        path = mark < 0 ? target : target[..mark];
        query = mark < 0 ? default : target[(mark + 1)..];
        path = path.IsEmpty ? "/"u8 : path;
        return HttpReject.None;
    }

    private static HttpReject ParseHeaders(ReadOnlySpan<byte> lines, bool is11, out bool close, out bool keep)
    {
        close = keep = false;
        int hosts = 0;
        bool hasLength = false;
        bool hasEncoding = false;
        long bodyLength = 0;
        while (true)
        {
            int end = lines.IndexOf("\r\n"u8);
            if (end < 0)
            {
                return HttpReject.LineEnding;
            }

            if (end == 0)
            {
                break;
            }

            ReadOnlySpan<byte> line = lines[..end];
            lines = lines[(end + 2)..];
            if (line[0] is (byte)' ' or (byte)'\t')
            {
                return HttpReject.FoldedHeader;
            }

            // field-line = field-name ":" OWS field-value OWS; no space before the colon (RFC 9112 §5.1).
            int colon = line.IndexOf((byte)':');
            if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes) || line[(colon + 1)..].ContainsAnyExcept(ValueBytes))
            {
                return line.Contains((byte)'\r') ? HttpReject.LineEnding : HttpReject.Header;
            }

            ReadOnlySpan<byte> name = line[..colon];
            ReadOnlySpan<byte> value = line[(colon + 1)..].Trim(" \t"u8);
            if (Ascii.EqualsIgnoreCase(name, "Host"u8))
            {
                if (++hosts > 1 || value.ContainsAnyExcept(HostBytes))
                {
                    return HttpReject.Host;
                }
            }
            else if (Ascii.EqualsIgnoreCase(name, "Content-Length"u8))
            {
                if (!TryParseLength(value, out long length) || (hasLength && length != bodyLength))
                {
                    return HttpReject.BodyFraming;
                }

                hasLength = true;
                bodyLength = length;
            }
            else if (Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8))
            {
                hasEncoding = true;
            }
            else if (Ascii.EqualsIgnoreCase(name, "Connection"u8))
            {
                foreach (Range range in value.Split((byte)','))
                {
                    ReadOnlySpan<byte> option = value[range].Trim(" \t"u8);
                    close |= Ascii.EqualsIgnoreCase(option, "close"u8);
                    keep |= Ascii.EqualsIgnoreCase(option, "keep-alive"u8);
                }
            }
        }

        if (is11 && hosts == 0)
        {
            return HttpReject.Host;
        }

        // Both at once, or chunks from a client that cannot know them, are how requests are smuggled (RFC 9112 §6.1).
        if (hasEncoding && (hasLength || !is11))
        {
            return HttpReject.BodyFraming;
        }

        return hasEncoding || bodyLength > 0 ? HttpReject.Body : HttpReject.None;
    }

    // Content-Length = 1*DIGIT: no sign, no space, and not so many digits that the number wraps.
    private static bool TryParseLength(ReadOnlySpan<byte> value, out long length)
    {
        length = 0;
        if (value.IsEmpty || value.Length > 18)
        {
            return false;
        }

        foreach (byte digit in value)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            length = (length * 10) + (digit - '0');
        }

        return true;
    }
}
