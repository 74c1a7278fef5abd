using System.IO.Compression;
using System.Net;
using System.Text;
using Caretta.Aot.Http;
using Xunit;

namespace Caretta.Aot.Tests.Http;

public sealed class HttpDocumentTests
{
    private static readonly string Text = string.Concat(Enumerable.Range(0, 20_000).Select(static number => $"line {number}\n"));

    [Fact]
    public async Task Those_who_take_gzip_get_it_as_it_is_and_others_the_same_text()
    {
        byte[] gzip = Compress(Text);
        await using HttpServer server = Started((in _) => HttpReply.Of(new HttpDocument("text/x"u8.ToArray(), gzip, "X-More: yes\r\n"u8.ToArray())));
        using RawClient client = new(server.EndPoint);

        RawResponse packed = client.Get("/", "Accept-Encoding: gzip\r\n");
        RawResponse plain = client.Get("/");

        Assert.Equal("gzip", packed.Headers["Content-Encoding"]);
        Assert.Equal(gzip, packed.Body);
        Assert.False(plain.Headers.ContainsKey("Content-Encoding"));
        Assert.Equal(Text, plain.Text);
        Assert.All([packed, plain], static response =>
        {
            Assert.Equal("text/x", response.Headers["Content-Type"]);
            Assert.Equal("yes", response.Headers["X-More"]);
            Assert.Equal("Accept-Encoding", response.Headers["Vary"]);
        });
    }

    [Fact]
    public async Task Who_has_it_already_gets_304_and_who_has_another_gets_it()
    {
        string text = Text;
        await using HttpServer server = Started((in _) => HttpReply.Of(new HttpDocument("text/x"u8.ToArray(), Compress(text), default)));
        using RawClient client = new(server.EndPoint);
        string tag = client.Get("/").Headers["ETag"];

        client.Send($"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tag}\r\n\r\n");
        RawResponse known = client.ReadResponse(isHead: true);      // 304 has no body either
        text = "another";
        RawResponse changed = client.Get("/", $"If-None-Match: {tag}\r\n");

        Assert.Equal(304, known.Status);
        Assert.Empty(known.Body);
        Assert.Equal(tag, known.Headers["ETag"]);
        Assert.Equal("another", changed.Text);
        Assert.All(
            ["*", "W/\"\"", "\"zzzzzzzzzzzzzzzz\"", "W/\"0\"", tag[..^2] + "\""],
            other => Assert.Equal(200, client.Get("/", $"If-None-Match: {other}\r\n").Status));
    }

    [Fact]
    public async Task Head_gets_the_head_alone()
    {
        byte[] gzip = Compress(Text);
        await using HttpServer server = Started((in _) => HttpReply.Of(new HttpDocument("text/x"u8.ToArray(), gzip, default)));
        using RawClient client = new(server.EndPoint);
        client.Send("HEAD / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
        RawResponse head = client.ReadResponse(isHead: true);

        Assert.Equal(gzip.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), head.Headers["Content-Length"]);
        Assert.Equal(200, client.Get("/").Status);
    }

    [Fact]
    public async Task A_promised_answer_holds_no_thread_and_the_connection_goes_on()
    {
        var promises = new TaskCompletionSource<HttpReply>[60];
        for (int i = 0; i < promises.Length; i++)
        {
            promises[i] = new TaskCompletionSource<HttpReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        int next = 0;
        await using HttpServer server = Started((in _) => HttpReply.Promise(promises[Interlocked.Increment(ref next) - 1].Task));
        RawClient[] clients = [.. promises.Select(_ => new RawClient(server.EndPoint))];
        try
        {
            foreach (RawClient client in clients)
            {
                client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
            }

            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref next) == promises.Length, RawClient.Patience));
            Assert.All(clients, static client => Assert.False(client.HasInput()));
            for (int i = 0; i < promises.Length; i++)
            {
                promises[i].SetResult(HttpReply.Bytes(i == 0 ? 502 : 200, "text/x"u8.ToArray(), Encoding.ASCII.GetBytes("kept")));
            }

            Assert.All(clients, static client => Assert.Equal("kept", client.ReadResponse().Text));
            Assert.All(clients, static client => Assert.Equal(404, client.Get("/other").Status));
        }
        finally
        {
            Array.ForEach(clients, static client => client.Dispose());
        }
    }

    [Fact]
    public async Task A_broken_promise_is_an_error_of_the_server()
    {
        await using HttpServer server = Started((in _) => HttpReply.Promise(FailAsync()));
        using RawClient client = new(server.EndPoint);

        Assert.Equal(500, client.Get("/").Status);
        Assert.Equal(500, client.Get("/").Status);

        static async Task<HttpReply> FailAsync()
        {
            await Task.Yield();
            throw new InvalidOperationException("out of order");
        }
    }

    internal static byte[] Compress(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static HttpServer Started(HttpHandler handler)
    {
        var server = new HttpServer(new HttpServerOptions { Address = IPAddress.Loopback, Port = 0 }, [new HttpRoute("/", handler)]);
        server.Start();
        return server;
    }
}
