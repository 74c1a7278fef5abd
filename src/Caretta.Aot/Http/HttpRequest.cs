namespace Caretta.Aot.Http;

/// <summary>How a request's method is dealt with.</summary>
internal enum HttpMethodKind
{
    /// <summary>GET.</summary>
    Get,

    /// <summary>HEAD: as GET, without the body.</summary>
    Head,

    /// <summary>Another method of RFC 9110 §9.3 or RFC 5789: answered 405.</summary>
    Known,

    /// <summary>Any other token: answered 501.</summary>
    Unknown,
}

/// <summary>A parsed request. Its spans view the receive buffer: they are valid until the handler returns.</summary>
internal readonly ref struct HttpRequest
{
    /// <summary>The method, as far as it matters here.</summary>
    public required HttpMethodKind Method { get; init; }

    /// <summary>Path of the target as sent, percent-encoding untouched; begins with a slash (or is <c>*</c> for OPTIONS).</summary>
    public required ReadOnlySpan<byte> Path { get; init; }

    /// <summary>What followed the question mark, without it; empty when nothing did.</summary>
    public required ReadOnlySpan<byte> Query { get; init; }

    /// <summary>All header lines.</summary>
    public required HttpHeaders Headers { get; init; }

    /// <summary>Whether the client speaks HTTP/1.1 or a later minor version, and so understands chunks.</summary>
    public required bool Is11 { get; init; }

    /// <summary>Whether the client said <c>Connection: close</c>.</summary>
    public required bool AsksToClose { get; init; }

    /// <summary>Whether the client said <c>Connection: keep-alive</c>.</summary>
    public required bool AsksToKeep { get; init; }
}
