using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Caretta.Aot.Transport;

/// <summary>
/// GET requests to one server over HTTP/1.1 (RFC 9112), plain or over TLS, with connections kept for the next one. No redirects, proxies,
/// cookies or caches: a token goes to the configured server alone. The framework's client can all of that, and makes the binary larger
/// by more than a megabyte. Any thread.
/// </summary>
internal sealed class HttpTransport : IDisposable
{
    private readonly Uri _server;
    private readonly TransportOptions _options;
    private readonly SemaphoreSlim _places;
    private readonly Timer _cleaner;
    private readonly Lock _lock = new();
    private readonly List<(TransportConnection Connection, long Since)> _idle = [];     // the longest unused first
    private bool _isDisposed;

    /// <summary>Connects to nothing yet.</summary>
    /// <param name="server">Scheme http or https; its path is in front of all that is asked for.</param>
    /// <param name="options">Limits.</param>
    public HttpTransport(Uri server, TransportOptions options)
    {
        _server = server;
        _options = options;
        _places = new SemaphoreSlim(options.MaxConnections);
        _cleaner = new Timer(static transport => ((HttpTransport)transport!).CloseOld(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Closes connections that nobody uses now, and the others when they are given back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach ((TransportConnection connection, _) in _idle)
            {
                connection.Dispose();
            }

            _idle.Clear();
            _cleaner.Dispose();
        }
    }

    /// <summary>
    /// Sends a GET and reads the head of its response. A connection that the server closed while nobody used it is replaced by a new one.
    /// </summary>
    /// <param name="path">Path and query below the server's address, escaped, without a leading slash.</param>
    /// <param name="headers">Names and values; those without a value are left out.</param>
    /// <param name="cancel">Ends the request.</param>
    /// <exception cref="TransportException">No connection, or it broke before the head was there, or this is no HTTP.</exception>
    /// <exception cref="TimeoutException">No connection in time.</exception>
    /// <exception cref="ArgumentException">A header's value cannot be sent.</exception>
    public async Task<HttpAnswer> GetAsync(string path, (string Name, string? Value)[] headers, CancellationToken cancel)
    {
        byte[] request = Compose(path, headers);
        await _places.WaitAsync(cancel).ConfigureAwait(false);
        TransportConnection? connection = null;
        try
        {
            ResponseHead? head = null;
            while (head is null && (connection = TakeIdle()) is not null)
            {
                head = await connection.AskAsync(request, cancel).ConfigureAwait(false);
                if (head is null)
                {
                    connection.Dispose();
                }
            }

            if (head is null)
            {
                connection = await ConnectInTimeAsync(cancel).ConfigureAwait(false);
                head = await connection.AskAsync(request, cancel).ConfigureAwait(false)
                    ?? throw new TransportException("the server closed the connection without an answer");
            }

            return new HttpAnswer(head, new ResponseBody(this, connection!, head));
        }
        catch (Exception e)
        {
            connection?.Dispose();
            _places.Release();
            if (e is IOException and not TransportException)
            {
                throw new TransportException(e.Message, e);
            }

            throw;
        }
    }

    /// <summary>Takes over a connection whose response is done with.</summary>
    internal void TakeBack(TransportConnection connection, bool isReusable)
    {
        lock (_lock)
        {
            if (isReusable && connection.IsClean && !_isDisposed)
            {
                _idle.Add((connection, Environment.TickCount64));
                if (_idle.Count == 1)
                {
                    _cleaner.Change(_options.KeepIdle, Timeout.InfiniteTimeSpan);
                }
            }
            else
            {
                connection.Dispose();
            }
        }

        _places.Release();
    }

    private byte[] Compose(string path, (string Name, string? Value)[] headers)
    {
        var uri = new Uri(_server, path);
        var text = new StringBuilder($"GET {uri.PathAndQuery} HTTP/1.1\r\nHost: ");
        text.Append(uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost);
        text.Append(uri.IsDefaultPort ? "" : $":{uri.Port}").Append("\r\n");
        foreach ((string name, string? value) in headers)
        {
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                // Never the value itself: it may be a secret.
                throw new ArgumentException($"the value of {name} has characters that no header may have", nameof(headers));
            }

            if (value is not null)
            {
                text.Append($"{name}: {value}\r\n");
            }
        }

        return Encoding.ASCII.GetBytes(text.Append("\r\n").ToString());
    }

    // The one used last: the others may grow old.
    private TransportConnection? TakeIdle()
    {
        lock (_lock)
        {
            while (_idle.Count > 0)
            {
                TransportConnection connection = _idle[^1].Connection;
                _idle.RemoveAt(_idle.Count - 1);
                if (connection.IsQuiet)
                {
                    return connection;
                }

                connection.Dispose();
            }

            return null;
        }
    }

    private void CloseOld()
    {
        lock (_lock)
        {
            long keep = (long)_options.KeepIdle.TotalMilliseconds, now = Environment.TickCount64;
            while (_idle.Count > 0 && now - _idle[0].Since >= keep)
            {
                _idle[0].Connection.Dispose();
                _idle.RemoveAt(0);
            }

            if (_idle.Count > 0 && !_isDisposed)
            {
                _cleaner.Change(Math.Max(1, keep - (now - _idle[0].Since)), Timeout.Infinite);
            }
        }
    }

    private async Task<TransportConnection> ConnectInTimeAsync(CancellationToken cancel)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timer.CancelAfter(_options.ConnectTimeout);
        try
        {
            return await ConnectAsync(timer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"no connection within {_options.ConnectTimeout.TotalSeconds:0.###} s", e);
        }
        catch (SocketException e)
        {
            throw new TransportException($"{e.Message} ({_server.Host}:{_server.Port})", e);
        }
    }

    private async Task<TransportConnection> ConnectAsync(CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(_server.IdnHost, _server.Port), cancel).ConfigureAwait(false);

            // Only now: a name may have several addresses, and the runtime does not try them with a socket whose options were changed.
            socket.NoDelay = true;
            if (_options.KeepAlive)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            }

            stream = new NetworkStream(socket, ownsSocket: true);
            if (_server.Scheme == Uri.UriSchemeHttps)
            {
                stream = await SecureAsync(stream, cancel).ConfigureAwait(false);
            }

            return new TransportConnection(stream, socket, _options.MaxHeadBytes);
        }
        catch
        {
            stream?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    private async Task<Stream> SecureAsync(Stream plain, CancellationToken cancel)
    {
        var tls = new SslStream(plain);
        try
        {
            SslClientAuthenticationOptions options = _options.Tls?.Invoke()
                ?? new SslClientAuthenticationOptions { TargetHost = _server.IdnHost, CertificateChainPolicy = CertificatePolicy.Create() };
            options.ApplicationProtocols = [SslApplicationProtocol.Http11];
            await tls.AuthenticateAsClientAsync(options, cancel).ConfigureAwait(false);
            return tls;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            throw new TransportException($"TLS with {_server.Host}:{_server.Port} failed: {e.Message}", e) { IsTls = true };
        }
    }
}
