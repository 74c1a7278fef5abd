using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Caretta.Aot.Transport;
using Caretta.Testing;
using Xunit;

namespace Caretta.Aot.Tests.Transport;

public sealed class HttpTransportTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_is_what_HTTP_wants()
    {
        using var server = new ScriptedServer(Hello);
        using var transport = new HttpTransport(new Uri(server.Uri, "below/"), new TransportOptions());
        using HttpAnswer answer = await transport.GetAsync("x/y?z=%20", [("Accept", "text/plain"), ("Left-Out", null)], Cancellation);
        Assert.Equal($"GET /below/x/y?z=%20 HTTP/1.1\r\nHost: 127.0.0.1:{server.Uri.Port}\r\nAccept: text/plain\r\n\r\n", Assert.Single(server.Requests));
        Assert.Equal((200, 5L), (answer.Head.Status, answer.Head.Length));
    }

    [Theory]
    [InlineData(Hello)]
    [InlineData("HTTP/1.1 200\r\ncontent-length:5 \r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5\n\nhello")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n0005;name=\"value\"\r\nhello\r\n0;last\r\nTrailer: 1\r\nOther: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-End: now\r\n\r\nhello")]
    [InlineData("HTTP/1.0 200 OK\r\nX-End: now\r\n\r\nhello")]
    public async Task A_body_ends_where_the_head_says(string response)
    {
        foreach (bool bytewise in (bool[])[false, true])
        {
            using var server = new ScriptedServer(bytewise, response);
            using var transport = new HttpTransport(server.Uri, new TransportOptions());
            Assert.Equal("hello", await ReadAsync(transport));
        }
    }

    [Theory]
    [InlineData(Hello, 1)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 1)]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 1)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 1)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", 1)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", 2)]
    [InlineData("HTTP/1.1 200 OK\r\nX-End: now\r\nContent-Length: 5\r\n\r\nhello", 2)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more than it said", 2)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 2)]
    public async Task A_connection_is_used_again_where_it_may_be(string first, int connections)
    {
        using var server = new ScriptedServer(first, Hello);
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        await ReadAsync(transport);
        Assert.Equal("hello", await ReadAsync(transport));
        Assert.Equal((2, connections), (server.Requests.Count, server.Connections));
    }

    [Fact]
    public async Task A_response_that_was_left_in_the_middle_closes_its_connection()
    {
        using var server = new ScriptedServer(Hello, Hello);
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        (await transport.GetAsync("x", [], Cancellation)).Dispose();
        Assert.Equal("hello", await ReadAsync(transport));
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task Packed_bodies_leave_the_connection_for_the_next_request()
    {
        using var server = new ScriptedServer(bytewise: false, [Packed(), Packed()]);
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        for (int i = 0; i < 2; i++)
        {
            using HttpAnswer answer = await transport.GetAsync("x", [], Cancellation);
            Assert.True(answer.Head.IsGzip);
            using var unpacked = new GunzipStream(answer.Body);
            Assert.Equal("hello", await TextAsync(unpacked));
        }

        Assert.Equal((2, 1), (server.Requests.Count, server.Connections));
    }

    [Fact]
    public async Task A_connection_that_the_server_closed_meanwhile_is_replaced()
    {
        // The request arrives, and then the end of the connection instead of an answer: nobody can tell whether it was read.
        using var server = new ScriptedServer(Hello, null, Hello);
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        await ReadAsync(transport);
        Assert.Equal("hello", await ReadAsync(transport));
        Assert.Equal((3, 2), (server.Requests.Count, server.Connections));
    }

    [Fact]
    public async Task A_new_connection_without_an_answer_is_a_failure()
    {
        using var server = new ScriptedServer((string?)null);
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        await Assert.ThrowsAsync<TransportException>(() => ReadAsync(transport));
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno header\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX-End: now\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nX-End: now\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nX-End: now\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello there\r\n")]
    public async Task What_is_no_HTTP_is_refused(string response)
    {
        using var server = new ScriptedServer(response);
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        await Assert.ThrowsAsync<TransportException>(() => ReadAsync(transport));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nX: ", "")]
    [InlineData("HTTP/1.1 200 OK\r\n", "X: y\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", "")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n")]
    public async Task What_never_ends_is_given_up(string begin, string repeated)
    {
        string endless = begin + string.Concat(Enumerable.Repeat(repeated.Length > 0 ? repeated : "x", 40_000));
        using var server = new ScriptedServer(endless);
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        await Assert.ThrowsAsync<TransportException>(() => ReadAsync(transport));
    }

    [Fact]
    public async Task A_head_may_be_as_long_as_allowed()
    {
        using var server = new ScriptedServer($"HTTP/1.1 200 OK\r\nX: {new string('x', 15_000)}\r\nContent-Length: 5\r\n\r\nhello");
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        Assert.Equal("hello", await ReadAsync(transport));
    }

    [Fact]
    public async Task A_header_cannot_carry_another_line()
    {
        using var server = new ScriptedServer(Hello);
        using var transport = new HttpTransport(server.Uri, new TransportOptions());
        ArgumentException e = await Assert.ThrowsAsync<ArgumentException>(
            () => transport.GetAsync("x", [("Authorization", "Bearer secret\r\nX: y")], Cancellation));
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task More_requests_than_connections_wait_for_one()
    {
        using var server = new ScriptedServer(Hello, Hello, Hello);
        using var transport = new HttpTransport(server.Uri, new TransportOptions { MaxConnections = 2 });
        HttpAnswer first = await transport.GetAsync("1", [], Cancellation), second = await transport.GetAsync("2", [], Cancellation);
        Task<HttpAnswer> third = transport.GetAsync("3", [], Cancellation);
        Assert.False(third.IsCompleted);
        second.Dispose();
        (await third).Dispose();
        first.Dispose();
        Assert.Equal(3, server.Connections);
    }

    [Fact]
    public async Task A_failure_leaves_room_for_the_next_request()
    {
        using var server = new ScriptedServer("no HTTP\r\n\r\n", "no HTTP\r\n\r\n", Hello);
        using var transport = new HttpTransport(server.Uri, new TransportOptions { MaxConnections = 1 });
        await Assert.ThrowsAsync<TransportException>(() => ReadAsync(transport));
        await Assert.ThrowsAsync<TransportException>(() => ReadAsync(transport));
        Assert.Equal("hello", await ReadAsync(transport));
    }

    [Fact]
    public async Task A_connection_that_nobody_uses_is_closed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<Socket> accepted = listener.AcceptSocketAsync(Cancellation).AsTask();
        using var transport = new HttpTransport(
            new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"), new TransportOptions { KeepIdle = TimeSpan.FromMilliseconds(50) });
        Task<string> read = ReadAsync(transport);
        using Socket socket = await accepted;
        await socket.SendAsync(Encoding.ASCII.GetBytes(Hello), Cancellation);
        Assert.Equal("hello", await read);

        byte[] request = new byte[4096];
        while (await socket.ReceiveAsync(request, Cancellation) > 0)
        {
            // The request; then the end.
        }
    }

    [Fact]
    public async Task Waiting_for_a_connection_or_an_answer_can_be_ended()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var transport = new HttpTransport(
            new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"), new TransportOptions { MaxConnections = 1 });
        using var end = new CancellationTokenSource();
        Task<HttpAnswer> unanswered = transport.GetAsync("1", [], end.Token), waiting = transport.GetAsync("2", [], end.Token);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => unanswered);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task Nobody_there_is_told_with_the_address()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var transport = new HttpTransport(new Uri($"http://127.0.0.1:{port}/"), new TransportOptions());
        TransportException e = await Assert.ThrowsAsync<TransportException>(() => ReadAsync(transport));
        Assert.Contains($"127.0.0.1:{port}", e.Message, StringComparison.Ordinal);
        Assert.False(e.IsTls);
    }

    [Fact]
    public async Task A_server_without_TLS_is_told_apart()
    {
        using var server = new ScriptedServer(Hello);
        using var transport = new HttpTransport(new UriBuilder(server.Uri) { Scheme = "https" }.Uri, new TransportOptions());

        // Its first bytes are no head: the server waits for more, and goes away with the test.
        Task<string> read = ReadAsync(transport);
        await Eventually.GetAsync(
            "a connection", TimeSpan.FromSeconds(30), () => Task.FromResult(server.Connections == 1 ? server : null), Cancellation);
        server.Dispose();
        Assert.True((await Assert.ThrowsAsync<TransportException>(() => read)).IsTls);
    }

    private static async Task<string> ReadAsync(HttpTransport transport)
    {
        using HttpAnswer answer = await transport.GetAsync("x", [], Cancellation);
        return await TextAsync(answer.Body);
    }

    private static async Task<string> TextAsync(Stream body)
    {
        using var all = new MemoryStream();
        await body.CopyToAsync(all, 3, Cancellation);
        return Encoding.ASCII.GetString(all.ToArray());
    }

    private static byte[] Packed()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write("hello"u8);
        }

        byte[] head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n{packed.Length:x}\r\n");
        return [.. head, .. packed.ToArray(), .. "\r\n0\r\n\r\n"u8];
    }
}
