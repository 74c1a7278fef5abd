using System.IO.Pipelines;
using System.Net.Sockets;

namespace Caretta.Aot.Http;

/// <summary>
/// Moves bytes between one socket and its <see cref="HttpExchange"/>, in one asynchronous loop, and keeps the time limits of whatever it
/// waits for.
/// </summary>
/// <remarks>
/// The loop is a single method on purpose: its state machine is allocated once per connection, whereas inner asynchronous methods would
/// allocate, or miss in per-thread pools, whenever they wait. <see cref="CheckTime"/>, <see cref="TryEvict"/>, <see cref="Stop"/> and
/// <see cref="Reset"/> may be called by any thread; they reach the loop by shutting its socket down, which costs no cancellation token per request.
/// </remarks>
internal sealed class HttpConnection : IThreadPoolWorkItem
{
    private const int LingerBytes = 64 * 1024;

    private readonly HttpServer _server;
    private readonly HttpShared _shared;
    private readonly Socket _socket;
    private readonly Pipe _input;
    private readonly HttpExchange _exchange;
    private readonly bool _refused;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private Wait _wait;
    private long _waitSince;
    private long _responseSince;
    private bool _ended;

    // Written under _gate by other threads before they wake the loop.
    private volatile bool _closing;
    private volatile bool _headTimedOut;

    /// <summary>Takes over <paramref name="socket"/>; queue the object to the thread pool to begin.</summary>
    /// <param name="server">Who is told about the end.</param>
    /// <param name="shared">Options and pools.</param>
    /// <param name="socket">An accepted socket; disposed of at the end.</param>
    /// <param name="refused">Whether to answer 503 and close.</param>
    public HttpConnection(HttpServer server, HttpShared shared, Socket socket, bool refused)
    {
        _server = server;
        _shared = shared;
        _socket = socket;
        _refused = refused;
        _input = new Pipe(new PipeOptions(
            shared.ReceiveBlocks,
            PipeScheduler.Inline,
            PipeScheduler.Inline,
            pauseWriterThreshold: 0,
            resumeWriterThreshold: 0,
            minimumSegmentSize: shared.ReceiveBlocks.MaxBufferSize,
            useSynchronizationContext: false));
        _exchange = new HttpExchange(shared, _input.Reader);
        _waitSince = shared.Options.Time.GetTimestamp();
    }

    private enum Wait
    {
        /// <summary>For the first byte of a request.</summary>
        Idle,

        /// <summary>For the rest of a head.</summary>
        Head,

        /// <summary>For what a handler promised, which has a limit of its own.</summary>
        Answer,

        /// <summary>For the client to take a piece.</summary>
        Send,

        /// <summary>For the client to close.</summary>
        Linger,
    }

    /// <summary>Whether this connection was accepted only to be told 503.</summary>
    public bool IsRefused => _refused;

    /// <summary>Whether another thread has told this connection to end.</summary>
    public bool IsClosing => _closing;

    /// <summary>Since when it is idle (a timestamp of the server's clock), or <see cref="long.MaxValue"/> if it is not.</summary>
    public long IdleSince
    {
        get
        {
            lock (_gate)
            {
                return _wait == Wait.Idle && !_closing && !_ended ? _waitSince : long.MaxValue;
            }
        }
    }

    /// <summary>Begins the loop.</summary>
    public void Execute() => _ = RunAsync();

    /// <summary>Ends the connection if what it waits for has taken too long by <paramref name="now"/>.</summary>
    public void CheckTime(long now)
    {
        HttpServerOptions options = _shared.Options;
        lock (_gate)
        {
            TimeSpan waited = options.Time.GetElapsedTime(_waitSince, now);
            switch (_wait)
            {
                case Wait.Idle when waited >= options.IdleTimeout:
                    CloseReceiver();
                    break;
                case Wait.Head when waited >= options.HeadTimeout && !_headTimedOut:
                    _headTimedOut = true;
                    ShutDownReceiver();
                    break;
                case Wait.Send when waited >= options.SendTimeout
                    || options.Time.GetElapsedTime(_responseSince, now) >= options.ResponseTimeout:
                    if (!_closing)
                    {
                        _shared.Counters.CountStalled();
                    }

                    ResetSocket();
                    break;
                case Wait.Linger when waited >= options.LingerTimeout:
                    ResetSocket();
                    break;
            }
        }
    }

    /// <summary>Ends the connection if it is still idle.</summary>
    public bool TryEvict()
    {
        lock (_gate)
        {
            if (_wait != Wait.Idle || _closing || _ended)
            {
                return false;
            }

            CloseReceiver();
            return true;
        }
    }

    /// <summary>Ends the connection after the response under way, if any.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (_wait is Wait.Send or Wait.Answer)
            {
                _closing = true;
            }
            else
            {
                CloseReceiver();
            }
        }
    }

    /// <summary>Ends the connection at once.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            ResetSocket();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            _socket.NoDelay = true;
            HttpStep step = _refused ? _exchange.Refuse(HttpReject.TooManyConnections) : _exchange.Next();
            bool inResponse = false;
            bool inHead = false;
            while (step is HttpStep.Receive or HttpStep.Send or HttpStep.Wait)
            {
                if (step == HttpStep.Wait)
                {
                    // A client that leaves meanwhile is noticed when the answer is sent.
                    Begin(Wait.Answer);
                    await ((Task)_exchange.Later!).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    step = _exchange.Next();
                    continue;
                }

                if (step == HttpStep.Send)
                {
                    BeginSend(newResponse: !inResponse);
                    inResponse = true;
                    inHead = false;
                    ReadOnlyMemory<byte> rest = _exchange.Pending;
                    while (!rest.IsEmpty)
                    {
                        int sent = await _socket.SendAsync(rest, SocketFlags.None);
                        _shared.Counters.CountSent(sent);
                        rest = rest[sent..];
                    }

                    if (_closing || _headTimedOut)
                    {
                        _exchange.CloseSoon();
                    }

                    step = _exchange.Next();
                    continue;
                }

                inResponse = false;
                if (_exchange.IsIdle)
                {
                    // Waiting with an empty buffer: an idle connection holds no memory for bytes that may never come.
                    Begin(Wait.Idle);
                    if (!_closing)
                    {
                        await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                    }

                    inHead = false;
                }

                if (!inHead)
                {
                    Begin(Wait.Head);
                    inHead = true;
                }

                int received = _closing || _headTimedOut ? 0 : await _socket.ReceiveAsync(_input.Writer.GetMemory(), SocketFlags.None);
                if (_headTimedOut)
                {
                    step = _exchange.Refuse(HttpReject.Timeout);
                    continue;
                }

                if (_closing || received == 0)
                {
                    return;
                }

                _input.Writer.Advance(received);
                await _input.Writer.FlushAsync();
                step = _exchange.Next();
            }

            if (step == HttpStep.Abort)
            {
                Reset();
            }
            else if (!_closing)
            {
                await LingerAsync();
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The client went away, or a time limit reset the connection: nothing is left to do for it.
            Reset();
        }
        catch (Exception failure)
        {
            Reset();
            _server.Report(failure);
        }
        finally
        {
            End();
        }
    }

    /// <summary>
    /// Says that no more is coming and waits a little for the client to say the same: closing over unread bytes would make the kernel send
    /// a reset, which may destroy a response that the client has not read yet.
    /// </summary>
    private async ValueTask LingerAsync()
    {
        Begin(Wait.Linger);
        _socket.Shutdown(SocketShutdown.Send);
        using BlockPool.Block rubbish = _shared.ReceiveBlocks.RentBlock();
        int left = LingerBytes;
        while (left > 0)
        {
            int received = await _socket.ReceiveAsync(rubbish.Memory, SocketFlags.None);
            if (received == 0)
            {
                return;
            }

            left -= received;
        }
    }

    private void Begin(Wait wait)
    {
        lock (_gate)
        {
            _wait = wait;
            _waitSince = _shared.Options.Time.GetTimestamp();
        }
    }

    private void BeginSend(bool newResponse)
    {
        lock (_gate)
        {
            _wait = Wait.Send;
            _waitSince = _shared.Options.Time.GetTimestamp();
            _responseSince = newResponse ? _waitSince : _responseSince;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            _ended = true;
            _socket.Dispose();
        }

        _exchange.Release();
        _input.Writer.Complete();
        _server.Remove(this);
    }

    private void CloseReceiver()
    {
        _closing = true;
        ShutDownReceiver();
    }

    // Receiving then yields the end of the stream, also where it is already waiting.
    private void ShutDownReceiver()
    {
        if (_ended)
        {
            return;
        }

        try
        {
            _socket.Shutdown(SocketShutdown.Receive);
        }
        catch (SocketException)
        {
            // Not connected any more: the receive has been woken by that.
        }
    }

    private void ResetSocket()
    {
        if (_ended)
        {
            return;
        }

        _closing = true;
        _ended = true;
        try
        {
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (SocketException)
        {
            // Not connected any more: nothing to reset.
        }

        _socket.Dispose();
    }
}
