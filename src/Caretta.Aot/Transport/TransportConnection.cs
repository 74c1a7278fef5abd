using System.Net.Sockets;

namespace Caretta.Aot.Transport;

/// <summary>
/// A connection to a server, with what was read from it and is not taken yet. One request at a time, one reader at a time. Disposing of it
/// closes it.
/// </summary>
internal sealed class TransportConnection(Stream stream, Socket socket, int maxHeadBytes) : IDisposable
{
    private const int FirstBuffer = 4096;

    // A chunk's size with all that may stand behind it, and a trailer.
    private const int MaxLine = 1024;

    private byte[] _buffer = new byte[FirstBuffer];
    private int _start;
    private int _end;

    /// <summary>Whether nothing is left of the response before: the next byte belongs to the next one.</summary>
    public bool IsClean => _start == _end;

    /// <summary>Whether a request may be tried: the server neither closed the connection nor sent what nobody asked for.</summary>
    public bool IsQuiet => IsClean && !socket.Poll(0, SelectMode.SelectRead);

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    /// <summary>Sends a request and reads the head of its response; interim ones are passed over (RFC 9110 §15.2).</summary>
    /// <returns>Null if the server closed the connection before it answered anything.</returns>
    /// <exception cref="IOException">The connection broke, or what came is no HTTP.</exception>
    public async Task<ResponseHead?> AskAsync(ReadOnlyMemory<byte> request, CancellationToken cancel)
    {
        try
        {
            await stream.WriteAsync(request, cancel).ConfigureAwait(false);
            if (!await FillAsync(cancel).ConfigureAwait(false))
            {
                return null;
            }
        }
        catch (IOException e) when (e is not TransportException)
        {
            return null;
        }

        while (true)
        {
            int length = await FindHeadAsync(cancel).ConfigureAwait(false);
            ResponseHead head = ResponseHead.Parse(_buffer.AsSpan(_start, length));
            _start += length;
            if (head.Status >= 200)
            {
                return head;
            }

            if (head.Status == 101)
            {
                throw new TransportException("the server changes to a protocol that nobody asked for");
            }
        }
    }

    /// <summary>Reads what is there of a body.</summary>
    /// <returns>0 where the connection ends.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        if (IsClean)
        {
            return await stream.ReadAsync(buffer, cancel).ConfigureAwait(false);
        }

        int length = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, length).CopyTo(buffer.Span);
        _start += length;
        return length;
    }

    /// <summary>Reads the size of the next chunk, 0 for the last one.</summary>
    /// <exception cref="IOException">The connection broke, or what came is no chunk.</exception>
    public async ValueTask<long> ReadChunkSizeAsync(CancellationToken cancel)
    {
        int length = await FindLineAsync(cancel).ConfigureAwait(false);
        long size = ParseChunkSize(_buffer.AsSpan(_start, length));
        _start += length;
        return size;
    }

    /// <summary>Reads a line and tells whether it is empty: the end of a chunk, or of what follows the last one.</summary>
    /// <exception cref="IOException">The connection broke, or the line is too long.</exception>
    public async ValueTask<bool> ReadEmptyLineAsync(CancellationToken cancel)
    {
        int length = await FindLineAsync(cancel).ConfigureAwait(false);
        bool isEmpty = _buffer.AsSpan(_start, length).TrimEnd("\r\n"u8).IsEmpty;
        _start += length;
        return isEmpty;
    }

    // Hexadecimal digits, then perhaps an extension (RFC 9112 §7.1).
    private static long ParseChunkSize(ReadOnlySpan<byte> line)
    {
        long size = 0;
        int digits = 0;
        while (digits < line.Length && char.IsAsciiHexDigit((char)line[digits]))
        {
            byte digit = line[digits++];
            size = (size << 4) | (uint)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        bool isWhole = digits is > 0 and <= 15 && line[digits] is (byte)'\r' or (byte)'\n' or (byte)';' or (byte)' ' or (byte)'\t';
        return isWhole ? size : throw new TransportException("the response is broken: a chunk has no size");
    }

    // Bytes until the end of the line, that included.
    private async ValueTask<int> FindLineAsync(CancellationToken cancel)
    {
        while (true)
        {
            int end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (end >= 0)
            {
                return end + 1;
            }

            if (_end - _start >= MaxLine)
            {
                throw new TransportException("the response is broken: no end of a chunk's line");
            }

            await ExpectMoreAsync(cancel).ConfigureAwait(false);
        }
    }

    // Bytes until the empty line, that included.
    private async ValueTask<int> FindHeadAsync(CancellationToken cancel)
    {
        int searched = 0;
        while (true)
        {
            ReadOnlySpan<byte> unread = _buffer.AsSpan(_start, _end - _start);
            for (int end; (end = unread[searched..].IndexOf((byte)'\n')) >= 0;)
            {
                int line = searched;
                searched += end + 1;
                if (unread[line..searched] is [(byte)'\n'] or [(byte)'\r', (byte)'\n'])
                {
                    return searched;
                }
            }

            if (unread.Length >= maxHeadBytes)
            {
                throw new TransportException($"the head of the response is longer than {maxHeadBytes >> 10} KB");
            }

            await ExpectMoreAsync(cancel).ConfigureAwait(false);
        }
    }

    private async ValueTask ExpectMoreAsync(CancellationToken cancel)
    {
        if (!await FillAsync(cancel).ConfigureAwait(false))
        {
            throw new TransportException("the connection ended in the middle of the response");
        }
    }

    // Reads behind what is there. Returns whether anything came.
    private async ValueTask<bool> FillAsync(CancellationToken cancel)
    {
        if (IsClean)
        {
            _start = _end = 0;
        }
        else if (_end == _buffer.Length)
        {
            byte[] room = _start > 0 ? _buffer : new byte[Math.Min(_buffer.Length * 2, maxHeadBytes)];
            _buffer.AsSpan(_start, _end - _start).CopyTo(room);
            (_buffer, _start, _end) = (room, 0, _end - _start);
        }

        int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancel).ConfigureAwait(false);
        _end += read;
        return read > 0;
    }
}
