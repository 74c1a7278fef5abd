using System.Buffers;
using System.IO.Pipelines;

namespace Caretta.Aot.Http;

/// <summary>What a connection must do next for its exchange.</summary>
internal enum HttpStep
{
    /// <summary>Receive more bytes into the input pipe.</summary>
    Receive,

    /// <summary>Send <see cref="HttpExchange.Pending"/>.</summary>
    Send,

    /// <summary>Wait for <see cref="HttpExchange.Later"/>.</summary>
    Wait,

    /// <summary>Everything is sent: close, letting the client read it first.</summary>
    Close,

    /// <summary>The response cannot be completed: reset the connection, so that the client does not take it for whole.</summary>
    Abort,
}

/// <summary>What all connections of a server share.</summary>
internal sealed record HttpShared(
    HttpServerOptions Options,
    IReadOnlyList<HttpRoute> Routes,
    HttpCounters Counters,
    BlockPool SendBlocks,
    BlockPool ReceiveBlocks,
    GzipPool Gzip);

/// <summary>
/// The HTTP side of one connection, without any I/O: takes requests from a pipe, one after the other, and says what to send.
/// </summary>
/// <remarks>One thread at a time. Allocates nothing per request once its pools are warm; between requests it holds no buffer.</remarks>
internal sealed class HttpExchange(HttpShared shared, PipeReader input)
{
    // A piece is sent when it has grown to this, or when the body ends. Below the size of a block by more than producers overshoot.
    private const int PieceBytes = 28 * 1024;

    private readonly SendBuffer _output = new(shared.SendBlocks);
    private HeadScanner _scanner;
    private ReadOnlyMemory<byte> _body;
    private IHttpContent? _content;
    private GzipEncoder? _gzip;
    private HttpTerms _terms;
    private bool _chunked;
    private bool _packs;
    private bool _close;

    /// <summary>Bytes to send; valid until the next call of a method.</summary>
    public ReadOnlyMemory<byte> Pending => _output.Written;

    /// <summary>What a handler has promised; null while nothing is awaited.</summary>
    public Task<HttpReply>? Later { get; private set; }

    /// <summary>Whether no byte of a next request has arrived.</summary>
    public bool IsIdle { get; private set; } = true;

    /// <summary>Goes on: after a receive with what arrived, after a send with what follows, after a wait with what was promised.</summary>
    public HttpStep Next()
    {
        _output.Clear();
        if (Later is { } later)
        {
            Later = null;
            Answer(later);
            return HttpStep.Send;
        }

        if (_content is not null || !_body.IsEmpty)
        {
            return WritePiece();
        }

        _output.Close();
        return _close ? HttpStep.Close : ReadRequest();
    }

    /// <summary>Answers with an error that is not a request's, 408 or 503, and closes.</summary>
    public HttpStep Refuse(HttpReject reject)
    {
        WriteReject(reject, keepAlive: false, is11: true, isHead: false);
        return HttpStep.Send;
    }

    /// <summary>Closes after the response under way.</summary>
    public void CloseSoon() => _close = true;

    /// <summary>Gives back everything that is borrowed. Nothing else may be called afterwards.</summary>
    public void Release()
    {
        ReleaseContent();
        _output.Close();
        input.Complete();
    }

    private HttpStep ReadRequest()
    {
        if (!input.TryRead(out ReadResult result))
        {
            return HttpStep.Receive;
        }

        ReadOnlySequence<byte> buffer = result.Buffer;
        SequenceReader<byte> reader = new(buffer);
        HttpReject reject = _scanner.Scan(ref reader, shared.Options, out long start, out int length);
        if (reject == HttpReject.None && length == 0)
        {
            IsIdle = buffer.IsEmpty;
            input.AdvanceTo(buffer.Start, buffer.End);
            return HttpStep.Receive;
        }

        IsIdle = true;
        shared.Counters.CountRequest();
        if (reject != HttpReject.None)
        {
            WriteReject(reject, keepAlive: false, is11: true, isHead: false);
            input.AdvanceTo(buffer.End);
            return HttpStep.Send;
        }

        ReadOnlySequence<byte> head = buffer.Slice(start, length);
        if (head.IsSingleSegment)
        {
            Respond(head.FirstSpan);
        }
        else
        {
            using BlockPool.Block copy = shared.SendBlocks.RentBlock();
            head.CopyTo(copy.Bytes);
            Respond(copy.Bytes.AsSpan(0, length));
        }

        input.AdvanceTo(head.End);
        return Later is null ? HttpStep.Send : HttpStep.Wait;
    }

    private void Respond(ReadOnlySpan<byte> head)
    {
        HttpReject reject = HttpRequestParser.Parse(head, out HttpRequest request);
        if (reject != HttpReject.None)
        {
            WriteReject(reject, keepAlive: false, is11: true, isHead: false);
            return;
        }

        _terms = HttpTerms.Of(request);
        HttpRoute? route = FindRoute(request.Path);
        reject = request.Method == HttpMethodKind.Unknown ? HttpReject.UnknownMethod
            : request.Method == HttpMethodKind.Known ? HttpReject.Method
            : route is null ? HttpReject.NotFound
            : HttpReject.None;
        if (reject != HttpReject.None)
        {
            WriteReject(reject);
            return;
        }

        try
        {
            HttpReply reply = route!.Handler(request);
            if (reply.Later is { IsCompleted: false } later)
            {
                Later = later;
                return;
            }

            WriteReply(reply.Later is null ? reply : reply.Later.GetAwaiter().GetResult());
        }
        catch (Exception failure)
        {
            FailHandler(failure);
        }
    }

    // The task has ended.
    private void Answer(Task<HttpReply> later)
    {
        try
        {
            WriteReply(later.GetAwaiter().GetResult());
        }
        catch (Exception failure)
        {
            FailHandler(failure);
        }
    }

    // Whatever a handler did wrong must cost one response, not the server.
    private void FailHandler(Exception failure)
    {
        ReleaseContent();
        _body = default;
        _packs = false;
        _output.Clear();
        shared.Options.OnError?.Invoke(failure);
        WriteReject(HttpReject.HandlerFailed);
    }

    private HttpRoute? FindRoute(ReadOnlySpan<byte> path)
    {
        for (int index = 0; index < shared.Routes.Count; index++)
        {
            if (shared.Routes[index].Matches(path))
            {
                return shared.Routes[index];
            }
        }

        return null;
    }

    private void WriteReply(in HttpReply reply)
    {
        if (reply.Document is not null)
        {
            WriteDocument(reply.Document);
            return;
        }

        BeginContent(reply.Content);
        BeginHead(reply.Status, KeepsAlive(), _terms.Is11);
        HttpResponseHead.Add(_output, "Content-Type: "u8, _content is null ? reply.ContentType.Span : _content.ContentType);
        _output.Append(reply.Headers.Span);
        if (_content is not null)
        {
            HttpResponseHead.Add(_output, "Vary: "u8, reply.Negotiated ? "Accept, Accept-Encoding"u8 : "Accept-Encoding"u8);
        }

        WriteBody(reply.Body);
    }

    private void WriteDocument(HttpDocument document)
    {
        bool known = _terms.Known == document.Tag;
        bool packed = _terms.AcceptsGzip;
        if (!known && !packed)
        {
            _content = document.Unpack();
            _chunked = _terms.Is11;
        }

        BeginHead(known ? 304 : 200, KeepsAlive(), _terms.Is11);
        HttpResponseHead.AddTag(_output, document.Tag);
        HttpResponseHead.Add(_output, "Vary: "u8, "Accept-Encoding"u8);
        _output.Append(document.Headers.Span);
        if (known)
        {
            _output.Append("\r\n"u8);
            return;
        }

        HttpResponseHead.Add(_output, "Content-Type: "u8, document.ContentType.Span);
        if (packed)
        {
            HttpResponseHead.Add(_output, "Content-Encoding: "u8, "gzip"u8);
        }

        WriteBody(packed ? document.Gzip : default);
    }

    private void BeginContent(IHttpContent? content)
    {
        _content = content;
        _chunked = content is not null && _terms.Is11;
        if (content is null || !_terms.AcceptsGzip)
        {
            return;
        }

        _packs = _terms.IsHead;
        if (!_terms.IsHead)
        {
            _gzip = shared.Gzip.TryRent();
            _packs = _gzip is not null;
        }
    }

    // Without chunks only the end of the connection can tell the end of a body of unknown length.
    private bool KeepsAlive() => _terms.KeepAlive && (_content is null || _chunked);

    // Ends the head and begins the body: of the content if there is one.
    private void WriteBody(ReadOnlyMemory<byte> body)
    {
        if (_packs)
        {
            HttpResponseHead.Add(_output, "Content-Encoding: "u8, "gzip"u8);
            _packs = false;
        }

        if (_content is null)
        {
            HttpResponseHead.AddLength(_output, body.Length);
        }
        else if (_chunked)
        {
            HttpResponseHead.Add(_output, "Transfer-Encoding: "u8, "chunked"u8);
        }

        _output.Append("\r\n"u8);
        if (_terms.IsHead)
        {
            ReleaseContent();
            return;
        }

        _body = body;
        if (_content is null)
        {
            WriteFixedPiece();
        }
        else
        {
            WriteContentPiece(first: true);
        }
    }

    private void WriteReject(HttpReject reject) => WriteReject(reject, _terms.KeepAlive, _terms.Is11, _terms.IsHead);

    private void WriteReject(HttpReject reject, bool keepAlive, bool is11, bool isHead)
    {
        shared.Counters.CountRejected(reject);
        ReadOnlySpan<byte> text = HttpRejects.Text(reject);
        BeginHead(HttpRejects.Status(reject), keepAlive && HttpRejects.KeepsFraming(reject), is11);
        HttpResponseHead.Add(_output, "Content-Type: "u8, HttpReply.PlainText.Span);
        HttpResponseHead.AddLength(_output, text.Length);
        if (reject == HttpReject.Method)
        {
            HttpResponseHead.Add(_output, "Allow: "u8, "GET, HEAD"u8);
        }

        _output.Append("\r\n"u8);
        if (!isHead)
        {
            _output.Append(text);
        }
    }

    private void BeginHead(int status, bool keepAlive, bool is11)
    {
        _close |= !keepAlive;
        HttpResponseHead.Begin(_output, status, shared.Options.Time.GetUtcNow());
        if (_close)
        {
            HttpResponseHead.Add(_output, "Connection: "u8, "close"u8);
        }
        else if (!is11)
        {
            HttpResponseHead.Add(_output, "Connection: "u8, "keep-alive"u8);
        }
    }

    private HttpStep WritePiece()
    {
        if (_content is null)
        {
            WriteFixedPiece();
            return HttpStep.Send;
        }

        try
        {
            WriteContentPiece(first: false);
            return HttpStep.Send;
        }
        catch (Exception failure)
        {
            // The head is out: an error status would come too late. The reset tells the client that the page is not whole.
            ReleaseContent();
            shared.Options.OnError?.Invoke(failure);
            return HttpStep.Abort;
        }
    }

    private void WriteFixedPiece()
    {
        int taken = Math.Min(_body.Length, PieceBytes);
        _output.Append(_body.Span[..taken]);
        _body = _body[taken..];
    }

    private void WriteContentPiece(bool first)
    {
        int chunk = _output.Length;
        if (_chunked)
        {
            _output.GetSpan(HttpResponseHead.ChunkHeadBytes)[..HttpResponseHead.ChunkHeadBytes].Clear();
            _output.Advance(HttpResponseHead.ChunkHeadBytes);
        }

        int begin = _output.Length;
        if (first)
        {
            _gzip?.Start(_output);
        }

        bool more = true;
        while (more && _output.Length - begin < PieceBytes)
        {
            if (_gzip is null)
            {
                more = _content!.WriteNext(_output);
                continue;
            }

            more = _content!.WriteNext(_gzip);
            _gzip.Encode();
        }

        if (!more)
        {
            _gzip?.Finish();
            ReleaseContent();
        }

        if (_chunked)
        {
            EndChunk(chunk, _output.Length - begin, last: !more);
        }
    }

    private void EndChunk(int chunk, int size, bool last)
    {
        if (size == 0)
        {
            // A chunk of size 0 would end the body.
            _output.Truncate(chunk);
        }
        else
        {
            HttpResponseHead.PatchChunkHead(_output.At(chunk, HttpResponseHead.ChunkHeadBytes), size);
            _output.Append("\r\n"u8);
        }

        if (last)
        {
            _output.Append(HttpResponseHead.LastChunk);
        }
    }

    private void ReleaseContent()
    {
        if (_gzip is not null)
        {
            shared.Gzip.Return(_gzip);
            _gzip = null;
        }

        IHttpContent? content = _content;
        _content = null;
        content?.Release();
    }
}
