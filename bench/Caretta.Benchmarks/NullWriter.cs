using System.Buffers;

namespace Caretta.Benchmarks;

/// <summary>Takes bytes and forgets them.</summary>
internal sealed class NullWriter : IBufferWriter<byte>
{
    private readonly byte[] _buffer = new byte[1 << 20];

    /// <summary>Bytes taken so far.</summary>
    public long Written { get; private set; }

    /// <inheritdoc/>
    public void Advance(int count) => Written += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _buffer;

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => _buffer;
}
