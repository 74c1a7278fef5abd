using Caretta.Aot.Json;
using Caretta.Aot.Transport;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// The body of a response, decompressed, counted, and given up when nothing comes for too long or it takes too long altogether. Disposing of
/// it ends the response; a connection in the middle of one is closed.
/// </summary>
internal sealed class ApiStream : ForwardStream
{
    private readonly TimedStream _wire;
    private readonly Stream _body;

    /// <summary>Takes over a response.</summary>
    /// <param name="response">Its head was read. Disposed of with this.</param>
    /// <param name="idle">Longest time without a byte.</param>
    /// <param name="total">Longest time for everything.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onBytes">Hears of bytes as they came over the wire.</param>
    public ApiStream(HttpAnswer response, TimeSpan idle, TimeSpan total, TimeProvider time, Action<int> onBytes)
    {
        _wire = new TimedStream(response.Body, idle, total, time, onBytes);
        _body = response.Head.IsGzip ? new GunzipStream(_wire) : _wire;
    }

    /// <summary>Longest time without a byte, from the next read on.</summary>
    public TimeSpan Idle
    {
        set => _wire.Idle = value;
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
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _body.Dispose();
            _wire.Dispose();
        }

        base.Dispose(disposing);
    }
}
