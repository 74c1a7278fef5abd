using System.Buffers;

namespace Caretta.Aot.Http;

/// <summary>
/// Collects the bytes of one write to a socket, contiguously, in a block that is held only while a response is under way.
/// </summary>
/// <remarks>
/// Unlike a pipe it can be cut back (<see cref="Truncate"/>) and patched (<see cref="At"/>): a chunk's size is known only after the chunk.
/// A writer that needs more than a block gets a larger array for the rest of the response. One thread at a time.
/// </remarks>
internal sealed class SendBuffer(BlockPool pool) : IBufferWriter<byte>
{
    private BlockPool.Block? _block;
    private byte[]? _larger;
    private byte[] _bytes = [];

    /// <summary>Bytes collected so far.</summary>
    public int Length { get; private set; }

    /// <summary>What was collected; valid until the next call that writes, clears or closes.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    /// <summary>Forgets what was collected, keeps the memory.</summary>
    public void Clear() => Length = 0;

    /// <summary>Cuts back to the first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length);
        Length = length;
    }

    /// <summary>A view of <paramref name="count"/> collected bytes from <paramref name="offset"/>, for patching.</summary>
    public Span<byte> At(int offset, int count) => _bytes.AsSpan(0, Length).Slice(offset, count);

    /// <summary>Appends <paramref name="bytes"/>.</summary>
    public void Append(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_bytes.Length - Length));
        Length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(Length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(Length);
    }

    /// <summary>Gives all memory back. The next write takes a new block.</summary>
    public void Close()
    {
        Length = 0;
        _bytes = [];
        _block?.Dispose();
        _block = null;
        if (_larger is not null)
        {
            ArrayPool<byte>.Shared.Return(_larger);
            _larger = null;
        }
    }

    private void Reserve(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_bytes.Length == 0)
        {
            _block = pool.RentBlock();
            _bytes = _block.Bytes;
        }

        if (_bytes.Length - Length < Math.Max(sizeHint, 1))
        {
            Grow(Math.Max(sizeHint, 1));
        }
    }

    private void Grow(int sizeHint)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(checked(Math.Max(Length + sizeHint, _bytes.Length * 2)));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        byte[]? outgrown = _larger;
        _larger = larger;
        _bytes = larger;
        _block?.Dispose();
        _block = null;
        if (outgrown is not null)
        {
            ArrayPool<byte>.Shared.Return(outgrown);
        }
    }
}
