using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Caretta.Traffic.Reports;

/// <summary>The smallest HTTP client that can read a metrics page: one request, one connection, no content encodings.</summary>
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
            return Encoding.UTF8.GetString(ReadBody(url, answer.GetBuffer().AsSpan(0, (int)answer.Length)));
        }
        catch (SocketException e)
        {
            throw new IOException($"{url}: {e.Message}", e);
        }
    }

    /// <exception cref="IOException">Not a whole answer 200.</exception>
    private static byte[] ReadBody(Uri url, ReadOnlySpan<byte> answer)
    {
        int end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            throw new IOException($"{url}: the answer has no head ({answer.Length} bytes)");
        }

        string[] head = Encoding.ASCII.GetString(answer[..end]).Split("\r\n");
        ReadOnlySpan<byte> body = answer[(end + 4)..];
        if (head[0].Split(' ') is not [_, "200", ..])
        {
            throw new IOException($"{url}: {head[0]}");
        }

        if (Field("Transfer-Encoding") == "chunked")
        {
            return Unchunk(url, body);
        }

        return Field("Content-Length") is not { } length || length == body.Length.ToString(CultureInfo.InvariantCulture)
            ? body.ToArray()
            : throw new IOException($"{url}: {body.Length} bytes of {length}");

        string? Field(string name) =>
            head.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
    }

    /// <summary>RFC 9112 §7.1, without extensions and trailers.</summary>
    private static byte[] Unchunk(Uri url, ReadOnlySpan<byte> chunks)
    {
        using var body = new MemoryStream();
        while (true)
        {
            int line = chunks.IndexOf("\r\n"u8);
            if (line < 0
                || !int.TryParse(chunks[..line], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int size)
                || chunks.Length < line + 2 + size + 2)
            {
                throw new IOException($"{url}: cut short after {body.Length} bytes");
            }

            if (size == 0)
            {
                return body.ToArray();
            }

            body.Write(chunks.Slice(line + 2, size));
            chunks = chunks[(line + 2 + size + 2)..];
        }
    }
}
