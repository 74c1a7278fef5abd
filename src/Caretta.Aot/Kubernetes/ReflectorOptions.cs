namespace Caretta.Aot.Kubernetes;

/// <summary>How a reflector lists, watches and waits.</summary>
internal sealed record ReflectorOptions
{
    /// <summary>Objects per page of a list. Servers that answer from their cache may send all at once.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>
    /// Whether to list anew by the initial events of a watch (<c>sendInitialEvents</c>, on by default since Kubernetes 1.32). A server that
    /// does not know them is listed instead.
    /// <para>The first list is never asked for in that way. No watch is compressed, so it takes twelve times the bytes of a list (StartCostTests
    /// measures both), and agents start one after the other, as a DaemonSet is rolled out: one list at a time is what the server's memory
    /// has to bear, and since 1.33 it sends lists piece by piece too (KEP-5116). What makes agents list anew, a server that lost its
    /// history, happens to all nodes at once: then the memory for hundreds of lists counts, and not the bytes.</para>
    /// </summary>
    public bool RelistByInitialEvents { get; init; } = true;

    /// <summary>Shortest time a watch is asked to last. The time is drawn anew for every watch, so that nodes do not come back together.</summary>
    public TimeSpan WatchAtLeast { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest time a watch is asked to last.</summary>
    public TimeSpan WatchAtMost { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How much longer than asked for a watch may last, in silence or not: then the connection is taken for dead.</summary>
    public TimeSpan WatchGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest silence before the initial events are complete.</summary>
    public TimeSpan InitialEventsIdle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>First delay after a failure; doubles with each.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest delay after a failure.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Delay after a refusal that will last (403, 404): somebody must change a rule first.</summary>
    public TimeSpan DeniedDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A watch that ended in order sooner than this counts as a failure for the delay before the next.</summary>
    public TimeSpan ShortWatch { get; init; } = TimeSpan.FromSeconds(1);
}
