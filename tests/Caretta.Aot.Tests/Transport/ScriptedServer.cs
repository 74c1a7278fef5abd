using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Caretta.Aot.Tests.Transport;

/// <summary>
/// A server on loopback that answers each request with the next bytes of a script, byte for byte: for what no real server sends. A null ends
/// the connection instead.
/// </summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly ConcurrentQueue<byte[]?> _script;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly bool _bytewise;

    public ScriptedServer(params string?[] script)
        : this(bytewise: false, script)
    {
    }

    public ScriptedServer(bool bytewise, params string?[] script)
        : this(bytewise, [.. script.Select(static answer => answer is null ? null : Encoding.Latin1.GetBytes(answer))])
    {
    }

    public ScriptedServer(bool bytewise, byte[]?[] script)
    {
        _bytewise = bytewise;
        _script = new ConcurrentQueue<byte[]?>(script);
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Uri => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Head of every request so far.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public int Connections => _clients.Count;

    public void Dispose()
    {
        _listener.Stop();
        foreach (TcpClient client in _clients)
        {
            client.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                return;
            }

            client.NoDelay = true;
            _clients.Add(client);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                while (await ReadHeadAsync(stream) is { } head)
                {
                    Requests.Enqueue(head);
                    if (!_script.TryDequeue(out byte[]? answer) || answer is null)
                    {
                        return;
                    }

                    for (int sent = 0, piece = _bytewise ? 1 : answer.Length; sent < answer.Length; sent += piece)
                    {
                        await stream.WriteAsync(answer.AsMemory(sent, piece));
                    }

                    // RFC 9112 §9.6: a server that says so closes; and so does one whose answer has no other end.
                    string text = Encoding.Latin1.GetString(answer);
                    if (text.Contains("Connection: close", StringComparison.Ordinal) || text.Contains("X-End: now", StringComparison.Ordinal))
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // The client went away.
            }
        }
    }

    private static async Task<string?> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
