namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Growing, scattered delays between attempts: each is drawn from the upper half of a span that doubles up to a limit, so that a
/// thousand nodes do not come back at once. One thread at a time.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan limit, Random random)
{
    private TimeSpan _span;     // zero: at the beginning

    /// <summary>The next delay.</summary>
    /// <param name="atLeast">What the server asked for; wins if it is longer.</param>
    public TimeSpan Next(TimeSpan? atLeast = null)
    {
        TimeSpan span = _span > TimeSpan.Zero ? _span : first;
        TimeSpan delay = span * (0.5 + (random.NextDouble() / 2));
        _span = span * 2 < limit ? span * 2 : limit;
        return atLeast is TimeSpan floor && floor > delay ? floor + (delay / 4) : delay;
    }

    /// <summary>Begins with the first delay again: things went well.</summary>
    public void Reset() => _span = TimeSpan.Zero;
}
