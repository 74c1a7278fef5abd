namespace Caretta.Testing;

/// <summary>Measures what code allocates.</summary>
internal static class Allocated
{
    private const int Windows = 3;

    /// <summary>
    /// Bytes that <paramref name="action"/> allocates on this thread, at the least in three runs that follow each other. What the action
    /// itself allocates it allocates each time; the runtime does some things on the thread of whoever comes along (8,168 bytes were
    /// seen once in a dozen busy runs), and those do not come twice.
    /// </summary>
    public static long By(Action action)
    {
        long least = long.MaxValue;
        for (int window = 0; window < Windows && least > 0; window++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
