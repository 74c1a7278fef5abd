using System.IO.Compression;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// The body of a response, decompressed, counted, and given up when nothing comes for too long or it takes too long altogether. Disposing of
/// it ends the response; a connection in the middle of one is closed.
/// </summary>
internal sealed class ApiStream : Stream
{
    private readonly HttpResponseMessage _response;
    private readonly Wire _wire;
    private readonly Stream _body;

    private ApiStream(HttpResponseMessage response, Wire wire)
    {
        _response = response;
        _wire = wire;
        _body = response.Content.Headers.ContentEncoding.Contains("gzip") ? new GZipStream(wire, CompressionMode.Decompress) : wire;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Longest time without a byte, from the next read on.</summary>
    public TimeSpan Idle
    {
        set => _wire.Idle = value;
    }

    /// <summary>Takes over a response.</summary>
    /// <param name="response">Its head was read.</param>
    /// <param name="idle">Longest time without a byte.</param>
    /// <param name="total">Longest time for everything.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onBytes">Hears of bytes as they came over the wire.</param>
    /// <param name="cancel">Ends waiting for the body to open.</param>
    public static async Task<ApiStream> OpenAsync(
        HttpResponseMessage response, TimeSpan idle, TimeSpan total, TimeProvider time, Action<int> onBytes, CancellationToken cancel)
    {
        Stream content = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        return new ApiStream(response, new Wire(content, idle, total, time, onBytes));
    }

    /// <inheritdoc/>
    /// <exception cref="TimeoutException">Nothing came for too long, or it took too long.</exception>
    /// <exception cref="BadResponseException">The compressed data is malformed.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await _body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException)
        {
            throw new BadResponseException("the response is not valid gzip");
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
            _wire.Dispose();
            _response.Dispose();
        }

        base.Dispose(disposing);
    }

    // Below decompression: here time and bytes are the connection's.
    private sealed class Wire(Stream content, TimeSpan idle, TimeSpan total, TimeProvider time, Action<int> onBytes) : Stream
    {
        private readonly long _began = time.GetTimestamp();
        private readonly CancellationTokenSource _timer = new(Timeout.InfiniteTimeSpan, time);

        public TimeSpan Idle { private get; set; } = idle;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            TimeSpan left = total - time.GetElapsedTime(_began);
            TimeSpan wait = left < Idle ? left : Idle;
            if (wait <= TimeSpan.Zero)
            {
                throw new TimeoutException($"the response took longer than {total.TotalSeconds} s");
            }

            _timer.CancelAfter(wait);
            using CancellationTokenRegistration link = cancellationToken.UnsafeRegister(static timer => ((CancellationTokenSource)timer!).Cancel(), _timer);
            try
            {
                int read = await content.ReadAsync(buffer, _timer.Token).ConfigureAwait(false);
                onBytes(read);
                return read;
            }
            catch (Exception e) when (_timer.IsCancellationRequested && e is OperationCanceledException or IOException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new TimeoutException($"the server sent nothing for {wait.TotalSeconds:0.#} s", e);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _timer.Dispose();
                content.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
