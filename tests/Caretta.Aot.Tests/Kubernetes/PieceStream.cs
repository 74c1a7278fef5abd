namespace Caretta.Aot.Tests.Kubernetes;

/// <summary>A stream that gives at most so many bytes at a time, and may be longer than memory.</summary>
internal sealed class PieceStream(IEnumerable<ReadOnlyMemory<byte>> parts, int most) : Stream
{
    private readonly IEnumerator<ReadOnlyMemory<byte>> _parts = parts.GetEnumerator();
    private ReadOnlyMemory<byte> _rest;

    public long Given { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => Given; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        while (_rest.IsEmpty)
        {
            if (!_parts.MoveNext())
            {
                return 0;
            }

            _rest = _parts.Current;
        }

        int count = Math.Min(Math.Min(buffer.Length, most), _rest.Length);
        _rest.Span[..count].CopyTo(buffer);
        _rest = _rest[count..];
        Given += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }
}
