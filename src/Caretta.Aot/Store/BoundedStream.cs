using Caretta.Aot.Map;
using Caretta.Aot.Transport;

namespace Caretta.Aot.Store;

/// <summary>An answer of the store, given up when it is too long.</summary>
internal sealed class BoundedStream(Stream content, long limit) : ForwardStream
{
    private long _read;

    /// <inheritdoc/>
    /// <exception cref="MapException">It is longer than the limit.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _read += read;
        return _read <= limit ? read : throw StoreFailure.TooLarge($"an answer of more than {limit >> 20} MB");
    }
}
