using Caretta.Aot.Transport;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// The body of a response below decompression, where time and bytes are the connection's: counted, and given up when nothing comes for too long
/// or it takes too long altogether.
/// </summary>
/// <param name="content">The body. Disposed of with this.</param>
/// <param name="idle">Longest time without a byte.</param>
/// <param name="total">Longest time for everything.</param>
/// <param name="time">The clock.</param>
/// <param name="onBytes">Hears of bytes.</param>
internal sealed class TimedStream(Stream content, TimeSpan idle, TimeSpan total, TimeProvider time, Action<int> onBytes) : ForwardStream
{
    private readonly long _began = time.GetTimestamp();
    private readonly CancellationTokenSource _timer = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>Longest time without a byte, from the next read on.</summary>
    public TimeSpan Idle { private get; set; } = idle;

    /// <inheritdoc/>
    /// <exception cref="TimeoutException">Nothing came for too long, or it took too long.</exception>
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

    /// <inheritdoc/>
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
