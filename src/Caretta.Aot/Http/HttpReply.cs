namespace Caretta.Aot.Http;

/// <summary>What a handler answers.</summary>
internal readonly struct HttpReply
{
    /// <summary>Content type of the short texts for people.</summary>
    public static ReadOnlyMemory<byte> PlainText { get; } = "text/plain; charset=utf-8"u8.ToArray();

    private HttpReply(int status, IHttpContent? content, ReadOnlyMemory<byte> contentType, ReadOnlyMemory<byte> body, bool negotiated)
    {
        Status = status;
        Content = content;
        ContentType = contentType;
        Body = body;
        Negotiated = negotiated;
    }

    /// <summary>Status code: 200, 502, 503, 504 or one of <see cref="HttpRejects.Status"/>.</summary>
    public int Status { get; }

    /// <summary>More header lines, each with its line end.</summary>
    public ReadOnlyMemory<byte> Headers { get; private init; }

    /// <summary>The answer, where it is a document.</summary>
    public HttpDocument? Document { get; private init; }

    /// <summary>What the answer will be, where that takes time.</summary>
    public Task<HttpReply>? Later { get; private init; }

    /// <summary>The producer of the body; null when <see cref="Body"/> is all of it.</summary>
    public IHttpContent? Content { get; }

    /// <summary>Content type of <see cref="Body"/>.</summary>
    public ReadOnlyMemory<byte> ContentType { get; }

    /// <summary>The body when there is no <see cref="Content"/>.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Whether the Accept header had a say in the content type, which caches must know.</summary>
    public bool Negotiated { get; }

    /// <summary>A short text with Content-Length. The memory must not change while it is sent.</summary>
    public static HttpReply Text(int status, ReadOnlyMemory<byte> body) => new(status, null, PlainText, body, negotiated: false);

    /// <summary>A body of known length and type. The memory must not change while it is sent.</summary>
    public static HttpReply Bytes(int status, ReadOnlyMemory<byte> contentType, ReadOnlyMemory<byte> body) =>
        new(status, null, contentType, body, negotiated: false);

    /// <summary>As the other, with more header lines, each with its line end.</summary>
    public static HttpReply Bytes(int status, ReadOnlyMemory<byte> contentType, ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> headers) =>
        new(status, null, contentType, body, negotiated: false) { Headers = headers };

    /// <summary>Status 200 with the document, or 304 for a client that has it.</summary>
    public static HttpReply Of(HttpDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return new HttpReply(200, null, document.ContentType, default, negotiated: false) { Document = document, Headers = document.Headers };
    }

    /// <summary>
    /// An answer that is not there yet, without a thread that waits for it. Whoever makes it sets the limit on time, and ends it when the
    /// server stops; the answer itself must not be another of this kind.
    /// </summary>
    public static HttpReply Promise(Task<HttpReply> later)
    {
        ArgumentNullException.ThrowIfNull(later);
        return new HttpReply(200, null, default, default, negotiated: false) { Later = later };
    }

    /// <summary>Status 200 with a body that is produced while it is sent, and compressed when the client asks for it.</summary>
    public static HttpReply Stream(IHttpContent content, bool negotiated = false)
    {
        ArgumentNullException.ThrowIfNull(content);
        return new(200, content, default, default, negotiated);
    }
}
