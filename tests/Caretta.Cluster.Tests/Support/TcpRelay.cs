using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Caretta.Cluster.Tests.Support;

/// <summary>A port in front of a server whose connections can be cut, or go silent as when a cable is pulled.</summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly int _target;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Socket, bool> _sockets = [];
    private readonly ConcurrentDictionary<Task, bool> _pairs = [];
    private readonly Task _accepting;
    private TaskCompletionSource? _silence;
    private Task _cutting = Task.CompletedTask;
    private int _accepted;

    /// <param name="target">The server's port on loopback.</param>
    public TcpRelay(int target)
    {
        _target = target;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Connections so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Resets every connection, once.</summary>
    public void Cut()
    {
        foreach (Socket socket in _sockets.Keys)
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (ObjectDisposedException)
            {
                continue;     // it ended by itself meanwhile
            }

            socket.Dispose();
        }
    }

    /// <summary>Resets every connection at an interval until the relay ends; may be called once.</summary>
    public void CutEvery(TimeSpan interval) => _cutting = CutAsync(interval);

    /// <summary>From now on nothing passes, and nobody is told; connections still open.</summary>
    public void Silence() => Interlocked.CompareExchange(ref _silence, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    /// <summary>Everything passes again, also what waited.</summary>
    public void Resume() => Interlocked.Exchange(ref _silence, null)?.SetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Resume();
        _listener.Dispose();
        Cut();
        await _accepting;
        await _cutting;
        await Task.WhenAll(_pairs.Keys);
        _stop.Dispose();
    }

    private async Task CutAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Cut();
            }
        }
        catch (OperationCanceledException)
        {
            // The relay ends.
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                Socket client = await _listener.AcceptAsync(_stop.Token);
                Interlocked.Increment(ref _accepted);
                Task pair = RelayAsync(client);
                _pairs.TryAdd(pair, true);
                _ = pair.ContinueWith(done => _pairs.TryRemove(done, out _), TaskScheduler.Default);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task RelayAsync(Socket client)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.TryAdd(client, true);
        _sockets.TryAdd(server, true);
        try
        {
            await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _target), _stop.Token);
            await Task.WhenAll(PumpAsync(client, server), PumpAsync(server, client));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One side went, or is not there: so does the other.
        }
        finally
        {
            _sockets.TryRemove(client, out _);
            _sockets.TryRemove(server, out _);
            client.Dispose();
            server.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 << 10];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer, _stop.Token)) > 0)
            {
                while (Volatile.Read(ref _silence) is { } silence)
                {
                    await silence.Task;
                }

                await to.SendAsync(buffer.AsMemory(0, read), _stop.Token);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            from.Dispose();
            to.Dispose();
            throw;
        }
    }
}
