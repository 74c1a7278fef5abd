using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Caretta.Aot.Http;

/// <summary>
/// A body that many clients get, kept compressed: sent as it is to those who take gzip, unpacked piece by piece for the others, and not at
/// all to those who have it already. Immutable; any thread.
/// </summary>
internal sealed class HttpDocument
{
    private const int TrailerBytes = 2 * sizeof(uint);

    private readonly byte[] _gzip;

    /// <summary>Takes over the bytes.</summary>
    /// <param name="contentType">Value of the Content-Type header.</param>
    /// <param name="gzip">One gzip member (RFC 1952).</param>
    /// <param name="headers">More header lines, each with its line end; or nothing.</param>
    /// <exception cref="ArgumentException">The bytes are too few for a gzip member.</exception>
    public HttpDocument(ReadOnlyMemory<byte> contentType, byte[] gzip, ReadOnlyMemory<byte> headers)
    {
        ArgumentNullException.ThrowIfNull(gzip);
        if (gzip.Length < TrailerBytes)
        {
            throw new ArgumentException($"{gzip.Length} bytes are no gzip member", nameof(gzip));
        }

        _gzip = gzip;
        ContentType = contentType;
        Headers = headers;
        Tag = BinaryPrimitives.ReadUInt64BigEndian(gzip.AsSpan(^TrailerBytes..));
    }

    /// <summary>Value of the Content-Type header.</summary>
    public ReadOnlyMemory<byte> ContentType { get; }

    /// <summary>More header lines, each with its line end.</summary>
    public ReadOnlyMemory<byte> Headers { get; }

    /// <summary>The body, compressed.</summary>
    public ReadOnlyMemory<byte> Gzip => _gzip;

    /// <summary>
    /// Tells this body from its predecessors: its CRC-32 and its size, as the member's trailer has them. As an entity tag it is a weak one,
    /// since both forms of the body share it (RFC 9110 §8.8.3.3).
    /// </summary>
    public ulong Tag { get; }

    /// <summary>The body, plain.</summary>
    public IHttpContent Unpack() => new Unpacked(this);

    private sealed class Unpacked(HttpDocument document) : IHttpContent, IDisposable
    {
        private const int PieceBytes = 8 * 1024;

        private readonly GZipStream _stream = new(new MemoryStream(document._gzip), CompressionMode.Decompress);

        public ReadOnlySpan<byte> ContentType => document.ContentType.Span;

        public bool WriteNext(IBufferWriter<byte> writer)
        {
            // In memory: nothing here waits.
            int read = _stream.Read(writer.GetSpan(PieceBytes)[..PieceBytes]);
            writer.Advance(read);
            return read > 0;
        }

        public void Release() => Dispose();

        public void Dispose() => _stream.Dispose();
    }
}
