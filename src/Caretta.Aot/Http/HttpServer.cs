using System.Net;
using System.Net.Sockets;

namespace Caretta.Aot.Http;

/// <summary>
/// A small, strict HTTP/1.1 server (RFC 9110, RFC 9112; 1.0 clients too) for GET and HEAD on a few fixed paths.
/// </summary>
/// <remarks>
/// <para><see cref="Start"/> once, then <see cref="StopAsync"/> or <see cref="DisposeAsync"/>, by one thread; counters may be read by any.
/// Handlers and contents run on pool threads.</para>
/// <para>Every resource is bounded by <see cref="HttpServerOptions"/>. All time limits are kept by one timer. Once warm, requests on a kept
/// connection allocate nothing; an idle connection holds no buffer.</para>
/// </remarks>
internal sealed class HttpServer : IAsyncDisposable
{
    // Connections above the limit that are told so; still more are reset without a word.
    private const int MaxRefused = 16;
    private const int Backlog = 128;
    private const int ReceiveBlockBytes = 4 * 1024;
    private const int SendBlockBytes = 36 * 1024;
    private const int RetainedBlocks = 4;

    // The kernel's own buffers: a page in flight to a stalled client must not pin megabytes there.
    private const int KernelSendBytes = 128 * 1024;

    private static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(100);

    private readonly HttpShared _shared;
    private readonly Lock _gate = new();
    private readonly List<HttpConnection> _connections = [];
    private readonly TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopSource = new();
    private Socket? _listener;
    private ITimer? _timer;
    private Task _accepting = Task.CompletedTask;
    private bool _stopping;

    /// <summary>Makes a server; nothing happens before <see cref="Start"/>.</summary>
    /// <exception cref="ArgumentException">Two routes have the same path, or an option is out of range.</exception>
    public HttpServer(HttpServerOptions options, IReadOnlyList<HttpRoute> routes)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)options.Port, (uint)ushort.MaxValue, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxConnections, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxHeadBytes, SendBlockBytes, nameof(options));
        for (int index = 0; index < routes.Count; index++)
        {
            for (int other = 0; other < index; other++)
            {
                if (routes[index].Path == routes[other].Path)
                {
                    throw new ArgumentException($"two routes have the path {routes[index].Path}", nameof(routes));
                }
            }
        }

        _shared = new HttpShared(
            options,
            routes,
            new HttpCounters(),
            new BlockPool(SendBlockBytes, RetainedBlocks),
            new BlockPool(ReceiveBlockBytes, RetainedBlocks),
            new GzipPool(options.MaxGzip));
    }

    /// <summary>What the server has done so far.</summary>
    public HttpCounters Counters => _shared.Counters;

    /// <summary>Where it listens; the port is the real one also if 0 was asked for.</summary>
    /// <exception cref="InvalidOperationException">It has not been started.</exception>
    public IPEndPoint EndPoint => (IPEndPoint?)_listener?.LocalEndPoint ?? throw new InvalidOperationException("the server is not started");

    /// <summary>Connections that wait for a request right now.</summary>
    public int IdleConnections
    {
        get
        {
            lock (_gate)
            {
                int idle = 0;
                foreach (HttpConnection connection in _connections)
                {
                    idle += connection.IdleSince != long.MaxValue ? 1 : 0;
                }

                return idle;
            }
        }
    }

    /// <summary>Binds the port and begins to serve. On return connections succeed.</summary>
    /// <exception cref="HttpBindException">The port is taken or forbidden, or this machine does not have the address.</exception>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public void Start()
    {
        if (_listener is not null)
        {
            throw new InvalidOperationException("the server was started before");
        }

        _listener = Listen(_shared.Options);
        HttpServerOptions options = _shared.Options;
        TimeSpan scan = options.ScanInterval;
        _timer = options.Time.CreateTimer(static server => ((HttpServer)server!).CheckTimes(), this, scan, scan);
        _accepting = AcceptAsync(_listener);
    }

    /// <summary>
    /// Stops accepting, closes idle connections, lets responses finish for <see cref="HttpServerOptions.StopGrace"/>, then resets the rest.
    /// The port is free on return. Further calls wait for nothing.
    /// </summary>
    public async Task StopAsync()
    {
        HttpConnection[] open;
        lock (_gate)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
            open = [.. _connections];
            if (open.Length == 0)
            {
                _emptied.TrySetResult();
            }
        }

        await _stopSource.CancelAsync();
        _listener?.Dispose();
        await _accepting;
        foreach (HttpConnection connection in open)
        {
            connection.Stop();
        }

        if (await Task.WhenAny(_emptied.Task, Task.Delay(_shared.Options.StopGrace)) != _emptied.Task)
        {
            foreach (HttpConnection connection in open)
            {
                connection.Reset();
            }

            await _emptied.Task;
        }

        if (_timer is not null)
        {
            await _timer.DisposeAsync();
        }

        _stopSource.Dispose();
    }

    /// <inheritdoc cref="StopAsync"/>
    public async ValueTask DisposeAsync() => await StopAsync();

    internal void Report(Exception failure) => _shared.Options.OnError?.Invoke(failure);

    internal void Remove(HttpConnection connection)
    {
        lock (_gate)
        {
            _connections.Remove(connection);
            _shared.Counters.CountClosed();
            if (_stopping && _connections.Count == 0)
            {
                _emptied.TrySetResult();
            }
        }
    }

    private static Socket Listen(HttpServerOptions options)
    {
        if (options.Address is not null)
        {
            return Bind(new IPEndPoint(options.Address, options.Port));
        }

        if (Socket.OSSupportsIPv6)
        {
            try
            {
                return Bind(new IPEndPoint(IPAddress.IPv6Any, options.Port));
            }
            catch (HttpBindException failure) when (
                failure.Error is SocketError.AddressFamilyNotSupported
                    or SocketError.AddressNotAvailable
                    or SocketError.ProtocolNotSupported)
            {
                // IPv6 is compiled in but switched off: IPv4 is what there is.
                return Bind(new IPEndPoint(IPAddress.Any, options.Port));
            }
        }

        return Bind(new IPEndPoint(IPAddress.Any, options.Port));
    }

    // The runtime sets SO_REUSEADDR, and only that, when it binds a stream socket: a restart may reuse the port while old connections are
    // in TIME_WAIT, but not while another process listens. Its ReuseAddress option would add SO_REUSEPORT: two listeners at once.
    private static Socket Bind(IPEndPoint endPoint)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            // Accepted sockets inherit it.
            socket.SendBufferSize = KernelSendBytes;
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException failure)
        {
            socket?.Dispose();
            throw new HttpBindException(endPoint.Port, failure);
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!Volatile.Read(ref _stopping))
        {
            try
            {
                Admit(await listener.AcceptAsync(_stopSource.Token));
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure)
            {
                if (Volatile.Read(ref _stopping))
                {
                    return;
                }

                // Most likely out of descriptors. One idle connection less may help; a moment's pause keeps this from spinning.
                EvictLongestIdle();
                Report(failure);
                await Task.Delay(AcceptRetry, CancellationToken.None);
            }
        }
    }

    private void Admit(Socket socket)
    {
        HttpConnection connection;
        lock (_gate)
        {
            int served = 0;
            foreach (HttpConnection other in _connections)
            {
                served += other.IsRefused || other.IsClosing ? 0 : 1;
            }

            bool refused = served >= _shared.Options.MaxConnections && !EvictLongestIdle();
            if (_stopping || _connections.Count >= _shared.Options.MaxConnections + MaxRefused)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Dispose();
                return;
            }

            connection = new HttpConnection(this, _shared, socket, refused);
            _connections.Add(connection);
            _shared.Counters.CountOpened();
        }

        ThreadPool.UnsafeQueueUserWorkItem(connection, preferLocal: false);
    }

    private bool EvictLongestIdle()
    {
        lock (_gate)
        {
            HttpConnection? longest = null;
            long since = long.MaxValue;
            foreach (HttpConnection connection in _connections)
            {
                if (!connection.IsRefused && connection.IdleSince < since)
                {
                    longest = connection;
                    since = connection.IdleSince;
                }
            }

            if (longest is null || !longest.TryEvict())
            {
                return false;
            }

            _shared.Counters.CountEvicted();
            return true;
        }
    }

    private void CheckTimes()
    {
        lock (_gate)
        {
            long now = _shared.Options.Time.GetTimestamp();
            foreach (HttpConnection connection in _connections)
            {
                connection.CheckTime(now);
            }
        }
    }
}
