namespace Caretta.Aot.Http;

/// <summary>
/// What the server has done since it was made. Any thread may read; values only grow, <see cref="OpenConnections"/> excepted.
/// </summary>
internal sealed class HttpCounters
{
    private readonly long[] _rejected = new long[(int)HttpReject.Version + 1];
    private long _requests;
    private long _bytesSent;
    private long _accepted;
    private long _open;
    private long _stalled;
    private long _evicted;

    /// <summary>Requests whose head arrived complete, rejected ones included.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>Bytes handed to the kernel, heads and chunk framing included.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Connections accepted.</summary>
    public long AcceptedConnections => Volatile.Read(ref _accepted);

    /// <summary>Connections open now.</summary>
    public long OpenConnections => Volatile.Read(ref _open);

    /// <summary>Connections reset because the client took a response too slowly.</summary>
    public long StalledConnections => Volatile.Read(ref _stalled);

    /// <summary>Idle connections closed to make room for new ones.</summary>
    public long EvictedConnections => Volatile.Read(ref _evicted);

    /// <summary>Requests answered with an error for this reason.</summary>
    public long Rejected(HttpReject reason) => Volatile.Read(ref _rejected[(int)reason]);

    /// <summary>Requests answered with this error status, whatever the reason.</summary>
    public long RejectedWith(int status)
    {
        long sum = 0;
        for (int reason = 1; reason < _rejected.Length; reason++)
        {
            sum += HttpRejects.Status((HttpReject)reason) == status ? Volatile.Read(ref _rejected[reason]) : 0;
        }

        return sum;
    }

    internal void CountRequest() => Interlocked.Increment(ref _requests);

    internal void CountRejected(HttpReject reason) => Interlocked.Increment(ref _rejected[(int)reason]);

    internal void CountSent(int bytes) => Interlocked.Add(ref _bytesSent, bytes);

    internal void CountOpened()
    {
        Interlocked.Increment(ref _accepted);
        Interlocked.Increment(ref _open);
    }

    internal void CountClosed() => Interlocked.Decrement(ref _open);

    internal void CountStalled() => Interlocked.Increment(ref _stalled);

    internal void CountEvicted() => Interlocked.Increment(ref _evicted);
}
