namespace Caretta.Aot.Http;

/// <summary>Why a request is answered with an error instead of by a handler.</summary>
internal enum HttpReject
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>A line ends in a lone line feed, or a carriage return stands elsewhere than before one.</summary>
    LineEnding,

    /// <summary>The first byte cannot begin a method.</summary>
    NotHttp,

    /// <summary>The first byte begins a TLS handshake.</summary>
    Tls,

    /// <summary>The request line is not method, space, target, space, version.</summary>
    RequestLine,

    /// <summary>The target is neither a path nor an absolute http URI, or holds a byte that a URI may not.</summary>
    Target,

    /// <summary>A header line is not name, colon, value; or a byte in it is not allowed.</summary>
    Header,

    /// <summary>A header line is continued on the next one.</summary>
    FoldedHeader,

    /// <summary>HTTP/1.1 without exactly one valid Host header.</summary>
    Host,

    /// <summary>Content-Length that is no number or contradicts another, or Transfer-Encoding beside it or in HTTP/1.0.</summary>
    BodyFraming,

    /// <summary>Nothing is served at this path.</summary>
    NotFound,

    /// <summary>The method is known but neither GET nor HEAD.</summary>
    Method,

    /// <summary>The request's head did not arrive in time.</summary>
    Timeout,

    /// <summary>The request has a body.</summary>
    Body,

    /// <summary>The request line is too long.</summary>
    RequestLineTooLong,

    /// <summary>The headers are too many or too large.</summary>
    HeadersTooLarge,

    /// <summary>A handler failed.</summary>
    HandlerFailed,

    /// <summary>No such method.</summary>
    UnknownMethod,

    /// <summary>Every connection is busy.</summary>
    TooManyConnections,

    /// <summary>Neither HTTP/1.0 nor HTTP/1.x.</summary>
    Version,
}

/// <summary>What an error says on the wire.</summary>
internal static class HttpRejects
{
    /// <summary>The status code (RFC 9110 §15).</summary>
    public static int Status(HttpReject reject) => reject switch
    {
        HttpReject.NotFound => 404,
        HttpReject.Method => 405,
        HttpReject.Timeout => 408,
        HttpReject.Body => 413,
        HttpReject.RequestLineTooLong => 414,
        HttpReject.HeadersTooLarge => 431,
        HttpReject.HandlerFailed => 500,
        HttpReject.UnknownMethod => 501,
        HttpReject.TooManyConnections => 503,
        HttpReject.Version => 505,
        _ => 400,
    };

    /// <summary>Whether the next request's beginning is still known, so that the connection may live on.</summary>
    public static bool KeepsFraming(HttpReject reject) =>
        reject is HttpReject.NotFound or HttpReject.Method or HttpReject.UnknownMethod or HttpReject.HandlerFailed;

    /// <summary>One line for the person who reads it, line feed included.</summary>
    public static ReadOnlySpan<byte> Text(HttpReject reject) => reject switch
    {
        HttpReject.LineEnding => "400 Bad Request: lines must end in CR LF, and CR may stand nowhere else\n"u8,
        HttpReject.NotHttp => "400 Bad Request: this is not HTTP\n"u8,
        HttpReject.Tls => "400 Bad Request: this port speaks plain HTTP, not TLS: use http://\n"u8,
        HttpReject.RequestLine => "400 Bad Request: expected METHOD SP target SP HTTP/1.1\n"u8,
        HttpReject.Target => "400 Bad Request: the target must be a path or an absolute http URI of valid characters\n"u8,
        HttpReject.Header => "400 Bad Request: a header line must be name: value, without space before the colon or control characters\n"u8,
        HttpReject.FoldedHeader => "400 Bad Request: folded header lines are not accepted\n"u8,
        HttpReject.Host => "400 Bad Request: HTTP/1.1 needs exactly one valid Host header\n"u8,
        HttpReject.BodyFraming => "400 Bad Request: Content-Length or Transfer-Encoding is wrong or contradictory\n"u8,
        HttpReject.NotFound => "404 Not Found: nothing is served at this path, see / for what is\n"u8,
        HttpReject.Method => "405 Method Not Allowed: only GET and HEAD are\n"u8,
        HttpReject.Timeout => "408 Request Timeout: the request did not arrive in time\n"u8,
        HttpReject.Body => "413 Content Too Large: requests with a body are not accepted\n"u8,
        HttpReject.RequestLineTooLong => "414 URI Too Long: the request line is too long\n"u8,
        HttpReject.HeadersTooLarge => "431 Request Header Fields Too Large: too many or too large headers\n"u8,
        HttpReject.HandlerFailed => "500 Internal Server Error: see the agent's log\n"u8,
        HttpReject.UnknownMethod => "501 Not Implemented: unknown method\n"u8,
        HttpReject.TooManyConnections => "503 Service Unavailable: all connections are busy, try again\n"u8,
        HttpReject.Version => "505 HTTP Version Not Supported: only HTTP/1.0 and HTTP/1.1 are\n"u8,
        _ => "400 Bad Request\n"u8,
    };
}
