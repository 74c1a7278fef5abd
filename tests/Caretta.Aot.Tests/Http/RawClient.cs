using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Caretta.Aot.Tests.Http;

/// <summary>A response as it came off the wire, framing removed.</summary>
internal sealed record RawResponse(string StatusLine, Dictionary<string, string> Headers, byte[] Body)
{
    public int Status => int.Parse(StatusLine.AsSpan(9, 3), CultureInfo.InvariantCulture);

    public string Text => Encoding.Latin1.GetString(Body);

    public string Unzipped
    {
        get
        {
            using GZipStream gzip = new(new MemoryStream(Body), CompressionMode.Decompress);
            using StreamReader reader = new(gzip, Encoding.Latin1);
            return reader.ReadToEnd();
        }
    }
}

/// <summary>A client that says exactly what it is told to and reads strictly.</summary>
internal sealed class RawClient : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    public RawClient(IPEndPoint server, int receiveBufferBytes = 0)
    {
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0)
        {
            Socket.ReceiveBufferSize = receiveBufferBytes;
        }

        Socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        Socket.SendTimeout = (int)Patience.TotalMilliseconds;
        Socket.Connect(IPAddress.Loopback, server.Port);
    }

    public Socket Socket { get; }

    public void Send(string text) => Socket.Send(Encoding.Latin1.GetBytes(text));

    public RawResponse Get(string path, string headers = "")
    {
        Send($"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        return ReadResponse();
    }

    /// <summary>Whether something (data or the end) can be read now or within <paramref name="milliseconds"/>.</summary>
    public bool HasInput(int milliseconds = 0) => _start < _end || Socket.Poll(TimeSpan.FromMilliseconds(milliseconds), SelectMode.SelectRead);

    public RawResponse ReadResponse(bool isHead = false)
    {
        string statusLine = ReadLine();
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        for (string line = ReadLine(); line.Length > 0; line = ReadLine())
        {
            int colon = line.IndexOf(": ", StringComparison.Ordinal);
            headers.Add(line[..colon], line[(colon + 2)..]);
        }

        using MemoryStream body = new();
        if (isHead)
        {
            return new RawResponse(statusLine, headers, []);
        }

        if (headers.TryGetValue("Content-Length", out string? length))
        {
            Read(int.Parse(length, CultureInfo.InvariantCulture), body);
        }
        else if (headers.ContainsKey("Transfer-Encoding"))
        {
            for (int size = ReadSize(); size > 0; size = ReadSize())
            {
                Read(size, body);
                Assert.Equal("", ReadLine());
            }

            Assert.Equal("", ReadLine());
        }
        else
        {
            while (Fill())
            {
                Read(_end - _start, body);
            }
        }

        return new RawResponse(statusLine, headers, body.ToArray());
    }

    /// <summary>Reads through the server's end of the stream; fails on a reset.</summary>
    public string ReadToEnd()
    {
        using MemoryStream body = new();
        while (Fill())
        {
            Read(_end - _start, body);
        }

        return Encoding.Latin1.GetString(body.ToArray());
    }

    /// <summary>Whether the connection ends, by end of stream or reset, after whatever is still to be read.</summary>
    public bool Ends()
    {
        try
        {
            ReadToEnd();
            return true;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted;
        }
    }

    public void Dispose() => Socket.Dispose();

    private int ReadSize() => int.Parse(ReadLine(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private string ReadLine()
    {
        StringBuilder line = new();
        while (true)
        {
            Assert.True(Fill(), $"the stream ended after \"{line}\"");
            char next = (char)_buffer[_start++];
            if (next == '\n')
            {
                Assert.Equal('\r', line[^1]);
                return line.ToString(0, line.Length - 1);
            }

            line.Append(next);
        }
    }

    private void Read(int count, MemoryStream body)
    {
        while (count > 0)
        {
            Assert.True(Fill(), $"the stream ended {count} bytes early");
            int taken = Math.Min(count, _end - _start);
            body.Write(_buffer, _start, taken);
            _start += taken;
            count -= taken;
        }
    }

    private bool Fill()
    {
        if (_start == _end)
        {
            _start = 0;
            _end = Socket.Receive(_buffer);
        }

        return _end > 0;
    }
}
