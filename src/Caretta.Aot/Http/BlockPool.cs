using System.Buffers;

namespace Caretta.Aot.Http;

/// <summary>
/// Lends byte blocks of one size and keeps a few returned ones for the next borrower.
/// </summary>
/// <remarks>
/// The shared pools of the framework cache per thread, so a block returned on another thread than it was taken from is missed by the next
/// borrower and allocated anew. This one is a single list, which makes "no allocation once warm" a certainty instead of a likelihood.
/// Any thread may call any member.
/// </remarks>
internal sealed class BlockPool(int blockBytes, int retained) : MemoryPool<byte>
{
    private readonly Lock _gate = new();
    private readonly Block?[] _free = new Block?[retained];
    private int _freeCount;

    /// <summary>Size of every block in bytes; also the largest size that can be asked for.</summary>
    public override int MaxBufferSize { get; } = blockBytes;

    /// <summary>Lends a block; disposing it gives it back.</summary>
    public Block RentBlock()
    {
        Block? block = null;
        lock (_gate)
        {
            if (_freeCount > 0)
            {
                block = _free[--_freeCount];
                _free[_freeCount] = null;
            }
        }

        block ??= new Block(this, MaxBufferSize);
        block.Lend();
        return block;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="MaxBufferSize"/> bytes were asked for.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, MaxBufferSize);
        return RentBlock();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }

    private void Return(Block block)
    {
        lock (_gate)
        {
            if (_freeCount < _free.Length)
            {
                _free[_freeCount++] = block;
            }
        }
    }

    /// <summary>A lent block. One borrower at a time; not to be touched after <see cref="Dispose"/>.</summary>
    internal sealed class Block(BlockPool pool, int bytes) : IMemoryOwner<byte>
    {
        private int _lent;

        /// <summary>The block's bytes; what they hold at first is undefined.</summary>
        public byte[] Bytes { get; } = new byte[bytes];

        /// <inheritdoc/>
        public Memory<byte> Memory => Bytes;

        internal void Lend() => Volatile.Write(ref _lent, 1);

        /// <summary>Gives the block back. A second call does nothing.</summary>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _lent, 0) == 1)
            {
                pool.Return(this);
            }
        }
    }
}
