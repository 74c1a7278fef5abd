namespace Caretta.Aot.Transport;

/// <summary>A response whose head was read. Disposing of it ends it; see <see cref="ResponseBody"/>.</summary>
internal sealed record HttpAnswer(ResponseHead Head, ResponseBody Body) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Body.Dispose();
}
