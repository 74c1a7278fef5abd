namespace Caretta.Aot.Transport;

/// <summary>
/// The body of a response as it comes over the wire, without the frame of chunks. Not for several readers. Disposing of it gives its
/// connection back if the response was read to its end, and else closes it.
/// </summary>
internal sealed class ResponseBody : ForwardStream
{
    private const int MaxTrailers = 64;

    private readonly TransportConnection _connection;
    private readonly HttpTransport _home;
    private readonly bool _isChunked;
    private readonly bool _endsWithConnection;
    private readonly bool _keepsConnection;
    private long _left;         // of the body, or of the chunk
    private bool _isInChunk;
    private bool _isWhole;
    private bool _isDisposed;

    /// <summary>Begins a body.</summary>
    /// <param name="home">Where the connection goes afterwards.</param>
    /// <param name="connection">Its next byte is the body's first.</param>
    /// <param name="head">Says how the body ends.</param>
    public ResponseBody(HttpTransport home, TransportConnection connection, ResponseHead head)
    {
        _home = home;
        _connection = connection;
        _isChunked = head.IsChunked;
        _endsWithConnection = !head.IsChunked && head.Length is null;
        _keepsConnection = head.KeepsConnection;
        _left = head.IsChunked ? 0 : head.Length ?? long.MaxValue;
        _isWhole = head.Length == 0;
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The connection broke or ended too early.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isWhole || buffer.IsEmpty || (_isChunked && _left == 0 && !await BeginChunkAsync(cancellationToken).ConfigureAwait(false)))
        {
            return 0;
        }

        int read = await _connection.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            _isWhole = _endsWithConnection ? true : throw new TransportException("the connection ended in the middle of the response");
        }

        _left -= read;
        _isWhole |= _left == 0 && !_isChunked;
        return read;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            _home.TakeBack(_connection, isReusable: _isWhole && _keepsConnection);
        }

        base.Dispose(disposing);
    }

    // Returns false at the end of the body.
    private async ValueTask<bool> BeginChunkAsync(CancellationToken cancel)
    {
        if (_isInChunk && !await _connection.ReadEmptyLineAsync(cancel).ConfigureAwait(false))
        {
            throw new TransportException("the response is broken: a chunk does not end where it should");
        }

        _isInChunk = true;
        _left = await _connection.ReadChunkSizeAsync(cancel).ConfigureAwait(false);
        if (_left > 0)
        {
            return true;
        }

        // What follows the last chunk is of no interest, and must not go on for ever.
        for (int lines = 0; !await _connection.ReadEmptyLineAsync(cancel).ConfigureAwait(false);)
        {
            if (++lines > MaxTrailers)
            {
                throw new TransportException("the response is broken: no end of its trailers");
            }
        }

        _isWhole = true;
        return false;
    }
}
