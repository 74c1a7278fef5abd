using System.Net;
using System.Net.Sockets;

namespace Caretta.Traffic.Wire;

/// <summary>Accepts on any number of endpoints and does what the clients' frames ask. Thread safe.</summary>
internal sealed class TrafficServer(Ledger ledger) : IAsyncDisposable
{
    private const int Backlog = 4096;

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _listeners = [];
    private readonly List<Task> _accepting = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource _idle = CreateCompleted();
    private string? _firstFault;
    private int _active;

    /// <summary>The first thing that went otherwise than asked for; null if nothing did.</summary>
    public string? FirstFault => Volatile.Read(ref _firstFault);

    /// <summary>Starts to accept. [::] takes IPv4 too, in mapped form.</summary>
    /// <param name="endpoint">Port 0 means any free one.</param>
    /// <returns>The port.</returns>
    public int Listen(IPEndPoint endpoint)
    {
        var listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
        {
            listener.DualMode = endpoint.Address.Equals(IPAddress.IPv6Any) || endpoint.Address.IsIPv4MappedToIPv6;
        }

        listener.Bind(endpoint);
        listener.Listen(Backlog);
        lock (_lock)
        {
            _listeners.Add(listener);
            _accepting.Add(AcceptAsync(listener));
        }

        return ((IPEndPoint)listener.LocalEndPoint!).Port;
    }

    /// <summary>Waits until every accepted connection is closed.</summary>
    public Task WaitIdleAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            return _idle.Task.WaitAsync(cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task[] accepting;
        lock (_lock)
        {
            _listeners.ForEach(static listener => listener.Dispose());
            accepting = [.. _accepting];
        }

        await Task.WhenAll(accepting).ConfigureAwait(false);
        _stop.Dispose();
    }

    private static TaskCompletionSource CreateCompleted()
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        source.SetResult();
        return source;
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket accepted;
            try
            {
                accepted = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException && _stop.IsCancellationRequested)
            {
                return;
            }

            lock (_lock)
            {
                if (_active++ == 0)
                {
                    _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
            }

            _ = ServeAsync(accepted);
        }
    }

    private async Task ServeAsync(Socket accepted)
    {
        try
        {
            using var connection = new CountedConnection(accepted, ledger, Role.Server);
            while (await connection.ReceiveFrameAsync(_stop.Token).ConfigureAwait(false) is { } frame)
            {
                if (!await AnswerAsync(connection, frame).ConfigureAwait(false))
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server is being stopped.
        }
        catch (Exception e) when (e is SocketException or IOException or TrafficException)
        {
            Interlocked.CompareExchange(ref _firstFault, $"server: {e.Message}", null);
        }
        finally
        {
            lock (_lock)
            {
                if (--_active == 0)
                {
                    _idle.TrySetResult();
                }
            }
        }
    }

    /// <returns>Whether another frame may follow.</returns>
    private async Task<bool> AnswerAsync(CountedConnection connection, Frame frame)
    {
        CancellationToken cancellation = _stop.Token;
        if (frame.Flags.HasFlag(FrameFlags.Duplex))
        {
            await Task.WhenAll(
                connection.ReceiveAsync(frame.RequestBytes, cancellation).AsTask(),
                RespondAsync(connection, frame)).ConfigureAwait(false);
            return true;
        }

        await connection.ReceiveAsync(frame.RequestBytes, cancellation).ConfigureAwait(false);
        if (frame.Flags.HasFlag(FrameFlags.HalfClose))
        {
            await connection.ReceiveEndAsync(cancellation).ConfigureAwait(false);
        }

        await RespondAsync(connection, frame).ConfigureAwait(false);
        if (frame.Flags.HasFlag(FrameFlags.ServerResets))
        {
            await connection.ReceiveAsync(1, cancellation).ConfigureAwait(false);
            connection.Reset();
            return false;
        }

        return (frame.Flags & (FrameFlags.HalfClose | FrameFlags.ServerCloses)) == 0;
    }

    private async Task RespondAsync(CountedConnection connection, Frame frame)
    {
        if (frame.Flags.HasFlag(FrameFlags.ResponseFromFile))
        {
            await connection.SendFileAsync(_stop.Token).ConfigureAwait(false);
        }
        else
        {
            await connection.SendAsync(frame.ResponseBytes, _stop.Token).ConfigureAwait(false);
        }
    }
}
