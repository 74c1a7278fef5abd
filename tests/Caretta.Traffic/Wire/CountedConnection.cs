using System.Buffers;
using System.Net.Sockets;

namespace Caretta.Traffic.Wire;

/// <summary>A connected socket that books every byte it moves. One reader and one writer at a time.</summary>
internal sealed class CountedConnection : IDisposable
{
    private const int ReceiveBytes = 64 * 1024;

    private readonly Socket _socket;
    private readonly LedgerEntry _entry;
    private int _closed;

    /// <param name="socket">Connected; owned from here on.</param>
    /// <param name="ledger">Where to book.</param>
    /// <param name="role">Which end this is.</param>
    public CountedConnection(Socket socket, Ledger ledger, Role role)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _entry = ledger[LedgerKey.Of(socket, role)];
        _entry.AddOpened();
    }

    /// <summary>Sends that many bytes.</summary>
    public async ValueTask SendAsync(long count, CancellationToken cancellation)
    {
        while (count > 0)
        {
            int block = (int)Math.Min(count, Payload.Block.Length);
            count -= await SendSomeAsync(Payload.Block[..block], cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Sends the head of an exchange.</summary>
    public async ValueTask SendAsync(Frame frame, CancellationToken cancellation)
    {
        byte[] head = new byte[Frame.HeadBytes];
        frame.WriteTo(head);
        for (int sent = 0; sent < head.Length;)
        {
            sent += await SendSomeAsync(head.AsMemory(sent), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Sends <see cref="Payload.File"/> without the bytes passing through this process.</summary>
    public async ValueTask SendFileAsync(CancellationToken cancellation)
    {
        await _socket.SendFileAsync(Payload.File, cancellation).ConfigureAwait(false);
        _entry.AddSent(Payload.FileBytes);
    }

    /// <summary>Receives the head of the next exchange.</summary>
    /// <returns>Null when the peer ended the connection, with FIN or RST, instead of sending one.</returns>
    /// <exception cref="TrafficException">The connection ended inside the head.</exception>
    public async ValueTask<Frame?> ReceiveFrameAsync(CancellationToken cancellation)
    {
        byte[] head = new byte[Frame.HeadBytes];
        for (int have = 0; have < head.Length;)
        {
            int read;
            try
            {
                read = await ReceiveSomeAsync(head.AsMemory(have), cancellation).ConfigureAwait(false);
            }
            catch (SocketException e) when (have == 0 && e.SocketErrorCode == SocketError.ConnectionReset)
            {
                return null;
            }

            if (read == 0)
            {
                return have == 0 ? null : throw new TrafficException($"the connection ended after {have} bytes of a head");
            }

            have += read;
        }

        return Frame.ReadFrom(head);
    }

    /// <summary>Receives exactly that many bytes.</summary>
    /// <exception cref="TrafficException">The connection ended before.</exception>
    public async ValueTask ReceiveAsync(long count, CancellationToken cancellation)
    {
        long left = count;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReceiveBytes);
        try
        {
            while (left > 0)
            {
                int read = await ReceiveSomeAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellation).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new TrafficException($"the connection ended {left} bytes short of {count}");
                }

                left -= read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Waits for the peer's FIN.</summary>
    /// <exception cref="TrafficException">There were bytes before it.</exception>
    public async ValueTask ReceiveEndAsync(CancellationToken cancellation)
    {
        byte[] one = new byte[1];
        if (await ReceiveSomeAsync(one, cancellation).ConfigureAwait(false) != 0)
        {
            throw new TrafficException("bytes came where the connection should have ended");
        }
    }

    /// <summary>Waits for the peer's RST.</summary>
    /// <exception cref="TrafficException">Something else came.</exception>
    public async ValueTask ReceiveResetAsync(CancellationToken cancellation)
    {
        byte[] one = new byte[1];
        try
        {
            int read = await ReceiveSomeAsync(one, cancellation).ConfigureAwait(false);
            throw new TrafficException(read == 0 ? "the connection ended in order where it should have been reset" : "bytes came where a reset should have");
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // As agreed.
        }
    }

    /// <summary>Sends FIN and keeps reading.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes with RST. Only when the peer has read everything: what it had not read would be lost uncounted.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        Dispose();
    }

    /// <summary>Closes in order.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _socket.Dispose();
            _entry.AddClosed();
        }
    }

    private async ValueTask<int> SendSomeAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        int sent = await _socket.SendAsync(bytes, SocketFlags.None, cancellation).ConfigureAwait(false);
        _entry.AddSent(sent);
        return sent;
    }

    private async ValueTask<int> ReceiveSomeAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        int read = await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellation).ConfigureAwait(false);
        _entry.AddReceived(read);
        return read;
    }
}
