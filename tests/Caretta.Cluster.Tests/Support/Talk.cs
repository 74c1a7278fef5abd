using Caretta.Traffic.Wire;

namespace Caretta.Cluster.Tests.Support;

/// <summary>A pod that talks to an address until it is told to stop, and counts what was said.</summary>
internal sealed class Talk : IDisposable
{
    private const long Request = 100;

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _talking;
    private long _exchanges;

    /// <summary>Connects and begins.</summary>
    /// <param name="client">Does nothing else meanwhile.</param>
    /// <param name="name">Of the connection.</param>
    /// <param name="endpoint">IPv4 and port.</param>
    /// <param name="response">Bytes that the server sends each time.</param>
    /// <param name="cancellation">Ends it without a count.</param>
    public Talk(RunningPod client, string name, string endpoint, long response, CancellationToken cancellation)
    {
        _talking = TalkAsync(client, name, endpoint, response, cancellation);
        Response = response;
    }

    /// <summary>What the server sends each time.</summary>
    public long Response { get; }

    /// <summary>What the client sends each time.</summary>
    public static long SentEachTime => Frame.HeadBytes + Request;

    /// <summary>Waits until it was said some times more.</summary>
    public async Task GoOnAsync(CancellationToken cancellation)
    {
        const int More = 5;
        long until = Interlocked.Read(ref _exchanges) + More;
        while (Interlocked.Read(ref _exchanges) < until)
        {
            if (_talking.IsCompleted)
            {
                await _talking;
            }

            await Task.Delay(1, cancellation);
        }
    }

    /// <summary>Stops, closes, and says how often the whole was said.</summary>
    public async Task<long> StopAsync()
    {
        await _stop.CancelAsync();
        await _talking;
        return _exchanges;
    }

    public void Dispose() => _stop.Dispose();

    private async Task TalkAsync(RunningPod client, string name, string endpoint, long response, CancellationToken cancellation)
    {
        await client.Traffic.AskAsync($"connect {name} v4 {endpoint}", cancellation);
        while (!_stop.IsCancellationRequested)
        {
            await client.Traffic.AskAsync($"exchange {name} {Request} {response}", cancellation);
            Interlocked.Increment(ref _exchanges);
        }

        await client.Traffic.AskAsync($"close {name} fin", cancellation);
    }
}
