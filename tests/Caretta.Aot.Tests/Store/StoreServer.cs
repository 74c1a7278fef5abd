using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Caretta.Aot.Tests.Store;

/// <summary>A server that answers every query of the store's client with what a test says, however wrong.</summary>
internal sealed class StoreServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, NetworkStream, CancellationToken, Task> _answer;
    private readonly List<string> _requests = [];
    private readonly Task _accepting;

    public StoreServer(Func<string, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>A server that says the same to everything.</summary>
    public static StoreServer Saying(string status, string contentType, string body, string headers = "") => new(async (_, stream, cancel) =>
        await stream.WriteAsync(Encoding.UTF8.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: {contentType}\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"), cancel));

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Heads of the requests so far.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                byte[] buffer = new byte[64 * 1024];
                int length = 0;

                // To who greets in TLS (a handshake record, RFC 8446 §5.1) the answer comes at once, in plain text.
                while (buffer[0] != 0x16 && !Encoding.ASCII.GetString(buffer, 0, length).Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    int read = await stream.ReadAsync(buffer.AsMemory(length), _stop.Token);
                    if (read == 0)
                    {
                        return;
                    }

                    length += read;
                }

                string head = Encoding.ASCII.GetString(buffer, 0, length);
                lock (_requests)
                {
                    _requests.Add(head);
                }

                await _answer(head, stream, _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The client gave up, as it should, or the test is over.
            }
        }
    }
}
