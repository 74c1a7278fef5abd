using System.IO.Compression;
using System.Text;

namespace Caretta.Aot.Tests.Kubernetes;

/// <summary>One request, and the way to answer it.</summary>
internal sealed class FakeExchange(Stream stream, string target, IReadOnlyDictionary<string, string> headers)
{
    /// <summary>Path and query.</summary>
    public string Target => target;

    public string Path => target.Split('?')[0];

    public IReadOnlyDictionary<string, string> Headers => headers;

    public bool IsWatch => Query("watch") == "true";

    /// <summary>Whether the response ended in order, and the connection can be used again.</summary>
    public bool IsComplete { get; private set; }

    public string? Query(string name) => target.Split('?', 2) is [_, string query]
        ? query.Split('&').Select(part => part.Split('=', 2)).FirstOrDefault(part => part[0] == name)?[1] is string value ? Uri.UnescapeDataString(value) : null
        : null;

    public async Task JsonAsync(string body, int status = 200, string extraHeaders = "", bool gzip = false)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        if (gzip)
        {
            using var packed = new MemoryStream();
            using (var packer = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            {
                packer.Write(bytes);
            }

            bytes = packed.ToArray();
            extraHeaders += "Content-Encoding: gzip\r\n";
        }

        string head = $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {bytes.Length}\r\n{extraHeaders}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(bytes);
        await stream.FlushAsync();
        IsComplete = true;
    }

    public Task StatusAsync(int code, string message, string extraHeaders = "") =>
        JsonAsync($$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{message}}","code":{{code}}}""", code, extraHeaders);

    public async Task BeginStreamAsync()
    {
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
        await stream.FlushAsync();
    }

    public Task WriteAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text));

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"));
        await stream.WriteAsync(bytes);
        await stream.WriteAsync("\r\n"u8.ToArray());
        await stream.FlushAsync();
    }

    public async Task EndStreamAsync()
    {
        await stream.WriteAsync("0\r\n\r\n"u8.ToArray());
        await stream.FlushAsync();
        IsComplete = true;
    }

    /// <summary>Says nothing more until the client goes away.</summary>
    public async Task HangAsync()
    {
        byte[] nothing = new byte[1];
        while (await stream.ReadAsync(nothing) > 0)
        {
        }
    }
}
