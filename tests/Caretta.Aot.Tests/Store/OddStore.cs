using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Caretta.Aot.Tests.Store;

/// <summary>A server that answers every request with what the test says, for faults that no real store shows.</summary>
internal sealed class OddStore : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, NetworkStream, CancellationToken, Task> _answer;
    private int _requests;

    public OddStore(Func<string, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public int Requests => Volatile.Read(ref _requests);

    public static OddStore Saying(string head, string body, string type = "application/json") => new(async (_, stream, cancel) =>
        await SendAsync(stream, $"HTTP/1.1 {head}\r\nContent-Type: {type}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}", cancel));

    public static Task SendAsync(NetworkStream stream, string text, CancellationToken cancel) =>
        stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancel).AsTask();

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using TcpClient owned = client;
            NetworkStream stream = client.GetStream();
            byte[] buffer = new byte[64 * 1024];
            var request = new StringBuilder();
            while (await stream.ReadAsync(buffer, _stop.Token) is > 0 and int read)
            {
                request.Append(Encoding.ASCII.GetString(buffer, 0, read));
                if (IsWhole(request.ToString()))
                {
                    Interlocked.Increment(ref _requests);
                    await _answer(request.ToString(), stream, _stop.Token);
                    request.Clear();
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // The client has heard enough.
        }
    }

    private static bool IsWhole(string request)
    {
        int end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        int length = request.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        return end >= 0 && length >= 0
            && request.Length - end - 4 >= int.Parse(request.AsSpan(length + 16, request.IndexOf('\r', length) - length - 16), System.Globalization.CultureInfo.InvariantCulture);
    }
}
