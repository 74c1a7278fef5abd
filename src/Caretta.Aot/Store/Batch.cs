namespace Caretta.Aot.Store;

/// <summary>Does what does not depend on one another, a few at once: a store is asked quicker so, and not flooded.</summary>
internal static class Batch
{
    private const int AtOnce = 4;

    /// <summary>Does everything. When one fails, the others are cancelled, and that failure is thrown.</summary>
    public static async Task RunAsync(IReadOnlyList<Func<CancellationToken, Task>> work, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        int next = 0;
        var workers = new Task[Math.Min(AtOnce, work.Count)];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = TakeAsync();
        }

        // Of workers that failed and workers that were cancelled, those that failed are thrown.
        await Task.WhenAll(workers).ConfigureAwait(false);

        async Task TakeAsync()
        {
            try
            {
                for (int mine = Interlocked.Increment(ref next) - 1; mine < work.Count; mine = Interlocked.Increment(ref next) - 1)
                {
                    await work[mine](stop.Token).ConfigureAwait(false);
                }
            }
            catch
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }
}
