namespace Caretta.Testing;

/// <summary>Waits for a condition, with a deadline and a reason when it passes.</summary>
internal static class Eventually
{
    /// <summary>Asks until there is an answer that is not null.</summary>
    /// <param name="what">The condition in words.</param>
    /// <param name="patience">How long.</param>
    /// <param name="ask">Null means not yet. An <see cref="IOException"/> or <see cref="HttpRequestException"/> means the same.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TimeoutException">Not in time.</exception>
    public static async Task<T> GetAsync<T>(string what, TimeSpan patience, Func<Task<T?>> ask, CancellationToken cancellation)
        where T : class
    {
        long start = TimeProvider.System.GetTimestamp();
        Exception? last = null;
        while (TimeProvider.System.GetElapsedTime(start) < patience)
        {
            try
            {
                if (await ask() is { } answer)
                {
                    return answer;
                }
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                last = e;
            }

            await Task.Delay(20, cancellation);
        }

        throw new TimeoutException($"not within {patience.TotalSeconds} s: {what}", last);
    }
}
