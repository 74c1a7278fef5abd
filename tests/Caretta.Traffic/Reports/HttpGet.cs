using System.Net.Sockets;
using System.Text;

namespace Caretta.Traffic.Reports;

/// <summary>The smallest HTTP client that can read a metrics page: one request, one connection, no encodings.</summary>
internal static class HttpGet
{
    /// <summary>Reads the body of an answer 200.</summary>
    /// <exception cref="IOException">No connection, another status, or a body cut short.</exception>
    public static async Task<string> ReadAsync(Uri url, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(url.Host.Trim('[', ']'), url.Port, cancellation).ConfigureAwait(false);
            await using NetworkStream stream = client.GetStream();
            string request = $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellation).ConfigureAwait(false);
            using var answer = new MemoryStream();
            await stream.CopyToAsync(answer, cancellation).ConfigureAwait(false);
            return Body(url, Encoding.UTF8.GetString(answer.GetBuffer(), 0, (int)answer.Length), (int)answer.Length);
        }
        catch (SocketException e)
        {
            throw new IOException($"{url}: {e.Message}", e);
        }
    }

    private static string Body(Uri url, string answer, int bytes)
    {
        int end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            throw new IOException($"{url}: the answer has no head ({bytes} bytes)");
        }

        string[] head = answer[..end].Split("\r\n");
        if (head[0].Split(' ') is not [_, "200", ..])
        {
            throw new IOException($"{url}: {head[0]}");
        }

        string? length = head.FirstOrDefault(static line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))?.Split(':')[1].Trim();
        int expected = length is null ? -1 : int.Parse(length, System.Globalization.CultureInfo.InvariantCulture);
        string body = answer[(end + 4)..];
        int actual = Encoding.UTF8.GetByteCount(body);
        return expected < 0 || actual == expected ? body : throw new IOException($"{url}: {actual} bytes of {expected}");
    }
}
