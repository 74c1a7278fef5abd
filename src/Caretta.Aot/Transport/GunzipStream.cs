using System.IO.Compression;

namespace Caretta.Aot.Transport;

/// <summary>
/// Unpacks a body. The end of what was packed is not yet the end of the body: that is read too, so that its connection can be used again.
/// </summary>
/// <param name="body">Read, but not disposed of.</param>
internal sealed class GunzipStream(Stream body) : ForwardStream
{
    private readonly GZipStream _packed = new(body, CompressionMode.Decompress, leaveOpen: true);
    private readonly byte[] _end = new byte[1];

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">It is no gzip, or not all of it.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await _packed.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read == 0 && !buffer.IsEmpty && await body.ReadAsync(_end, cancellationToken).ConfigureAwait(false) > 0)
        {
            throw new InvalidDataException("something follows the packed data");
        }

        return read;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _packed.Dispose();
        }

        base.Dispose(disposing);
    }
}
