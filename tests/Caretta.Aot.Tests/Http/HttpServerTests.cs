using System.Net;
using System.Net.Sockets;
using Caretta.Aot.Http;
using Xunit;

namespace Caretta.Aot.Tests.Http;

public sealed class HttpServerTests
{
    private static readonly HttpServerOptions Loopback = new() { Address = IPAddress.Loopback, Port = 0 };

    [Fact]
    public async Task A_page_comes_whole_in_chunks_and_the_connection_stays()
    {
        await using HttpServer server = Started(Loopback);
        using RawClient client = new(server.EndPoint);
        for (int repeat = 0; repeat < 3; repeat++)
        {
            RawResponse response = client.Get("/metrics");
            Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
            Assert.Equal("chunked", response.Headers["Transfer-Encoding"]);
            Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Headers["Content-Type"]);
            Assert.Equal("Accept, Accept-Encoding", response.Headers["Vary"]);
            Assert.False(response.Headers.ContainsKey("Connection"));
            Assert.Equal(LinesContent.All(TestRoutes.MetricsLines), response.Text);
        }

        Assert.Equal(1, server.Counters.AcceptedConnections);
        Assert.Equal(3, server.Counters.Requests);
    }

    [Fact]
    public async Task Gzip_is_sent_when_asked_for_and_only_then()
    {
        await using HttpServer server = Started(Loopback);
        using RawClient client = new(server.EndPoint);
        RawResponse zipped = client.Get("/metrics", "Accept-Encoding: gzip\r\n");
        Assert.Equal("gzip", zipped.Headers["Content-Encoding"]);
        Assert.Equal(LinesContent.All(TestRoutes.MetricsLines), zipped.Unzipped);
        RawResponse plain = client.Get("/metrics", "Accept-Encoding: gzip;q=0, identity\r\n");
        Assert.False(plain.Headers.ContainsKey("Content-Encoding"));
        Assert.Equal(zipped.Unzipped, plain.Text);
    }

    [Fact]
    public async Task A_page_without_content_is_a_valid_response()
    {
        await using HttpServer server = Started(Loopback);
        using RawClient client = new(server.EndPoint);
        Assert.Equal("", client.Get("/empty").Text);
        Assert.Equal("", client.Get("/empty", "Accept-Encoding: gzip\r\n").Unzipped);
    }

    [Theory]
    [InlineData("/metrics", "")]
    [InlineData("/metrics", "Accept-Encoding: gzip\r\n")]
    [InlineData("/healthz", "")]
    [InlineData("/readyz", "")]
    [InlineData("/nothing", "")]
    public async Task Head_has_the_headers_of_get_and_no_body(string path, string headers)
    {
        FakeTime time = new();
        await using HttpServer server = Started(Loopback with { Time = time });
        using RawClient client = new(server.EndPoint);
        RawResponse get = client.Get(path, headers);
        client.Send($"HEAD {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        RawResponse head = client.ReadResponse(isHead: true);
        Assert.Equal(get.StatusLine, head.StatusLine);
        Assert.Equal(get.Headers, head.Headers);

        // Had a body followed, this would read it.
        Assert.Equal("ready\n", client.Get("/healthz").Text);
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_order()
    {
        await using HttpServer server = Started(Loopback);
        using RawClient client = new(server.EndPoint);
        const int Requests = 500;
        client.Send(string.Concat(Enumerable.Range(0, Requests).Select(i => $"GET /query?{i} HTTP/1.1\r\nHost: x\r\n\r\n")));
        for (int i = 0; i < Requests; i++)
        {
            Assert.Equal($"{i}", client.ReadResponse().Text);
        }
    }

    [Fact]
    public async Task Old_clients_are_answered_without_chunks_and_the_end_of_the_stream_ends_the_page()
    {
        await using HttpServer server = Started(Loopback);
        using RawClient client = new(server.EndPoint);
        client.Send("GET /metrics HTTP/1.0\r\n\r\n");
        RawResponse response = client.ReadResponse();
        Assert.False(response.Headers.ContainsKey("Transfer-Encoding"));
        Assert.Equal("close", response.Headers["Connection"]);
        Assert.Equal(LinesContent.All(TestRoutes.MetricsLines), response.Text);
    }

    [Fact]
    public async Task Old_clients_may_keep_the_connection_when_the_length_is_known()
    {
        await using HttpServer server = Started(Loopback);
        using RawClient client = new(server.EndPoint);
        for (int repeat = 0; repeat < 2; repeat++)
        {
            client.Send("GET /healthz HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
            Assert.Equal("keep-alive", client.ReadResponse().Headers["Connection"]);
        }

        client.Send("GET /healthz HTTP/1.0\r\n\r\n");
        Assert.Equal("close", client.ReadResponse().Headers["Connection"]);
        Assert.Equal("", client.ReadToEnd());
    }

    [Fact]
    public async Task Close_is_honoured()
    {
        await using HttpServer server = Started(Loopback);
        using RawClient client = new(server.EndPoint);
        RawResponse response = client.Get("/metrics", "Connection: foo, Close\r\n");
        Assert.Equal("close", response.Headers["Connection"]);
        Assert.Equal("", client.ReadToEnd());
    }

    [Fact]
    public async Task A_half_closed_client_gets_its_answer()
    {
        await using HttpServer server = Started(Loopback);
        using RawClient client = new(server.EndPoint);
        client.Send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(LinesContent.All(TestRoutes.MetricsLines), client.ReadResponse().Text);
        Assert.Equal("", client.ReadToEnd());
    }

    [Fact]
    public async Task The_framework_s_client_understands_every_form()
    {
        await using HttpServer server = Started(Loopback);
        using SocketsHttpHandler handler = new() { AutomaticDecompression = DecompressionMethods.GZip };
        using HttpClient client = new(handler) { BaseAddress = new Uri($"http://127.0.0.1:{server.EndPoint.Port}") };
        string expected = LinesContent.All(TestRoutes.MetricsLines);
        for (int repeat = 0; repeat < 3; repeat++)
        {
            Assert.Equal(expected, await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken));
        }

        using HttpRequestMessage old = new(HttpMethod.Get, "/metrics") { Version = HttpVersion.Version10 };
        using HttpResponseMessage response = await client.SendAsync(old, TestContext.Current.CancellationToken);
        Assert.Equal(expected, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_handler_s_failure_is_a_500_and_reaches_the_log()
    {
        List<Exception> log = [];
        await using HttpServer server = Started(Loopback with { OnError = log.Add });
        using RawClient client = new(server.EndPoint);
        Assert.Equal(500, client.Get("/throws").Status);
        Assert.Equal(200, client.Get("/healthz").Status);
        Assert.Equal("handler", Assert.Single(log).Message);
        Assert.Equal(1, server.Counters.RejectedWith(500));
    }

    [Fact]
    public async Task A_page_that_fails_at_once_is_a_500_and_one_that_fails_later_is_cut_off_audibly()
    {
        List<Exception> log = [];
        FailingContent early = new(0);
        FailingContent late = new(40);
        await using HttpServer server = Started(
            Loopback with { OnError = log.Add },
            new HttpRoute("/early", (in HttpRequest _) => HttpReply.Stream(early)),
            new HttpRoute("/late", (in HttpRequest _) => HttpReply.Stream(late)));
        using RawClient client = new(server.EndPoint);
        Assert.Equal(500, client.Get("/early").Status);
        client.Send("GET /late HTTP/1.0\r\n\r\n");
        Assert.Throws<SocketException>(() => client.ReadToEnd());
        Assert.Equal(1, early.Released);
        Assert.Equal(1, late.Released);
        Assert.Equal(2, log.Count);
    }

    [Fact]
    public async Task Large_fixed_bodies_come_whole()
    {
        byte[] body = new byte[100_000];
        new Random(3).NextBytes(body);
        await using HttpServer server = Started(
            Loopback, new HttpRoute("/map", (in HttpRequest _) => HttpReply.Bytes(200, "image/png"u8.ToArray(), body)));
        using RawClient client = new(server.EndPoint);
        RawResponse response = client.Get("/map");
        Assert.Equal("100000", response.Headers["Content-Length"]);
        Assert.Equal(body, response.Body);
    }

    [Fact]
    public async Task More_pages_at_once_than_encoders_still_come_whole()
    {
        await using HttpServer server = Started(Loopback with { MaxGzip = 1 });
        string expected = LinesContent.All(TestRoutes.MetricsLines);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            using RawClient client = new(server.EndPoint);
            for (int repeat = 0; repeat < 10; repeat++)
            {
                RawResponse response = client.Get("/metrics", "Accept-Encoding: gzip\r\n");
                Assert.Equal(expected, response.Headers.ContainsKey("Content-Encoding") ? response.Unzipped : response.Text);
            }
        })));
    }

    [Fact]
    public async Task Both_address_families_are_served()
    {
        await using HttpServer server = Started(new HttpServerOptions { Port = 0 });
        using RawClient client = new(server.EndPoint);
        Assert.Equal(200, client.Get("/healthz").Status);
        if (Socket.OSSupportsIPv6)
        {
            using Socket six = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            await six.ConnectAsync(IPAddress.IPv6Loopback, server.EndPoint.Port, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_taken_port_is_refused_with_a_reason()
    {
        await using HttpServer first = Started(new HttpServerOptions { Port = 0 });
        int port = first.EndPoint.Port;
        await using HttpServer second = new(new HttpServerOptions { Port = port }, TestRoutes.All);
        HttpBindException failure = Assert.Throws<HttpBindException>(second.Start);
        Assert.Equal($"port {port} is already in use: choose another port or stop the process that listens there", failure.Message);
        Assert.Equal(SocketError.AddressAlreadyInUse, failure.Error);
    }

    [Fact]
    public async Task An_address_of_another_machine_is_refused_with_a_reason()
    {
        await using HttpServer server = new(new HttpServerOptions { Address = IPAddress.Parse("192.0.2.1"), Port = 0 }, TestRoutes.All);
        HttpBindException failure = Assert.Throws<HttpBindException>(server.Start);
        Assert.Contains("this machine does not have the address", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_gets_the_port_back_at_once()
    {
        int port = 0;
        for (int restart = 0; restart < 5; restart++)
        {
            await using HttpServer server = Started(Loopback with { Port = port });
            port = server.EndPoint.Port;
            using RawClient client = new(server.EndPoint);

            // The server closes first, so that it is its side that goes to TIME_WAIT.
            Assert.Equal(200, client.Get("/healthz", "Connection: close\r\n").Status);
            client.ReadToEnd();
        }
    }

    [Theory]
    [InlineData("metrics")]
    [InlineData("/a b")]
    [InlineData("/metrics?x")]
    [InlineData("/ü")]
    [InlineData("")]
    public void A_path_that_cannot_be_asked_for_is_refused(string path) =>
        Assert.Throws<ArgumentException>(() => new HttpRoute(path, static (in HttpRequest _) => HttpReply.Text(200, default)));

    private static HttpServer Started(HttpServerOptions options, params HttpRoute[] routes)
    {
        HttpServer server = new(options, routes.Length == 0 ? TestRoutes.All : routes);
        server.Start();
        return server;
    }
}
