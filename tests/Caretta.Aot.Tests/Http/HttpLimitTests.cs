using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Caretta.Aot.Http;
using Xunit;

namespace Caretta.Aot.Tests.Http;

/// <summary>Slow, silent, rude and too many clients. The clock is ours: nothing here waits for real time to pass.</summary>
public sealed class HttpLimitTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly FakeTime _time = new();
    private readonly EndlessContent _endless = new();

    [Fact]
    public async Task A_head_that_dribbles_in_is_given_up_after_five_seconds()
    {
        await using HttpServer server = Started();
        using RawClient client = new(server.EndPoint);
        client.Send("G");
        Until(() => server.Counters.OpenConnections == 1 && server.IdleConnections == 0);
        AdvanceUntil(() => client.HasInput(50), Second);
        Assert.InRange(_time.Elapsed, TimeSpan.FromSeconds(5), RealPatience);
        RawResponse response = client.ReadResponse();
        Assert.Equal(408, response.Status);
        Assert.Equal("close", response.Headers["Connection"]);
        Assert.True(client.Ends());
        Assert.Equal(1, server.Counters.RejectedWith(408));
    }

    [Fact]
    public async Task More_bytes_do_not_buy_a_slow_head_more_time()
    {
        await using HttpServer server = Started();
        using RawClient client = new(server.EndPoint);
        client.Get("/healthz");
        Until(() => server.IdleConnections == 1);
        client.Send("GET /healthz HTTP/1.1\r\nHost: x\r\nA: ");
        Until(() => server.IdleConnections == 0);
        AdvanceUntil(
            () =>
            {
                if (client.HasInput(50))
                {
                    return true;
                }

                client.Send("a");
                return false;
            },
            Second);
        Assert.Equal(408, client.ReadResponse().Status);
    }

    [Fact]
    public async Task The_rest_of_a_pipelined_request_has_its_own_five_seconds()
    {
        await using HttpServer server = Started();
        using RawClient client = new(server.EndPoint);
        client.Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea");
        Assert.Equal(200, client.ReadResponse().Status);
        _time.Advance(TimeSpan.FromSeconds(4));
        client.Send("lthz HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, client.ReadResponse().Status);
        client.Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea");
        Assert.Equal(200, client.ReadResponse().Status);
        AdvanceUntil(() => client.HasInput(50), Second);
        Assert.Equal(408, client.ReadResponse().Status);
    }

    [Fact]
    public async Task An_idle_connection_outlives_a_scrape_interval_but_not_for_ever()
    {
        await using HttpServer server = Started();
        using RawClient client = new(server.EndPoint);
        Assert.Equal(200, client.Get("/healthz").Status);
        Until(() => server.IdleConnections == 1);
        _time.Advance(TimeSpan.FromSeconds(75));
        Assert.Equal(200, client.Get("/healthz").Status);
        Until(() => server.IdleConnections == 1);
        AdvanceUntil(() => client.HasInput(50), TimeSpan.FromSeconds(10));
        Assert.Equal("", client.ReadToEnd());
        Until(() => server.Counters.OpenConnections == 0);
        Assert.Equal(0, server.Counters.RejectedWith(408));
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_dropped_and_its_page_released()
    {
        await using HttpServer server = Started();
        using RawClient client = new(server.EndPoint, receiveBufferBytes: 4096);
        client.Send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
        Until(() => server.Counters.BytesSent > 0);
        AdvanceUntil(() => server.Counters.StalledConnections == 1, Second);
        Until(() => server.Counters.OpenConnections == 0);
        Assert.Equal(1, _endless.Released);
        Assert.True(client.Ends());
    }

    [Fact]
    public async Task A_page_without_end_is_cut_off_after_a_minute_however_fast_the_client_reads()
    {
        await using HttpServer server = Started();
        using RawClient client = new(server.EndPoint);
        client.Send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
        byte[] buffer = new byte[64 * 1024];
        SocketException failure = Assert.Throws<SocketException>(() =>
        {
            for (int round = 0; round < 100_000 && client.Socket.Receive(buffer) > 0; round++)
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
            }
        });
        Assert.Equal(SocketError.ConnectionReset, failure.SocketErrorCode);
        Assert.InRange(_time.Elapsed, TimeSpan.FromSeconds(60), TimeSpan.FromHours(1));
        Until(() => server.Counters.OpenConnections == 0);
        Assert.Equal(1, _endless.Released);
    }

    [Fact]
    public async Task A_client_that_never_closes_is_closed()
    {
        await using HttpServer server = Started();
        using RawClient client = new(server.EndPoint);
        Assert.Equal(200, client.Get("/healthz", "Connection: close\r\n").Status);
        Assert.Equal("", client.ReadToEnd());
        AdvanceUntil(() => server.Counters.OpenConnections == 0, Second);
    }

    [Fact]
    public async Task A_refusal_is_readable_although_a_body_was_still_coming()
    {
        await using HttpServer server = Started();
        for (int round = 0; round < 50; round++)
        {
            using RawClient client = new(server.EndPoint);
            client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000\r\n\r\n" + new string('b', 30_000));
            Assert.Equal(413, client.ReadResponse().Status);
        }
    }

    [Fact]
    public async Task The_connection_that_is_idle_longest_makes_room()
    {
        await using HttpServer server = Started(maxConnections: 3);
        RawClient[] clients = [new(server.EndPoint), new(server.EndPoint), new(server.EndPoint)];
        foreach (RawClient client in clients)
        {
            Assert.Equal(200, client.Get("/healthz").Status);
            Until(() => server.IdleConnections == server.Counters.OpenConnections);
            _time.Advance(Second);
        }

        Assert.Equal(200, clients[0].Get("/healthz").Status);
        Until(() => server.IdleConnections == 3);
        _time.Advance(Second);
        using RawClient late = new(server.EndPoint);
        Assert.Equal(200, late.Get("/healthz").Status);
        Until(() => server.IdleConnections == 3);
        Assert.Equal("", clients[1].ReadToEnd());
        Assert.Equal(200, clients[0].Get("/healthz").Status);
        Assert.Equal(200, clients[2].Get("/healthz").Status);
        Assert.Equal(1, server.Counters.EvictedConnections);
        Assert.Equal(0, server.Counters.RejectedWith(503));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task When_all_are_busy_a_new_client_is_told_so()
    {
        await using HttpServer server = Started(maxConnections: 2);
        using RawClient first = new(server.EndPoint, receiveBufferBytes: 4096);
        using RawClient second = new(server.EndPoint, receiveBufferBytes: 4096);
        first.Send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
        second.Send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
        Until(() => server.Counters.Requests == 2);
        using RawClient third = new(server.EndPoint);
        RawResponse response = third.ReadResponse();
        Assert.Equal(503, response.Status);
        Assert.Equal("close", response.Headers["Connection"]);
        Assert.Equal("", third.ReadToEnd());
        first.Dispose();
        Until(() => server.Counters.OpenConnections <= 2);
        AdvanceUntil(
            () =>
            {
                using RawClient again = new(server.EndPoint);
                again.Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
                return again.ReadResponse().Status == 200;
            },
            TimeSpan.Zero);
    }

    [Fact]
    public async Task A_flood_of_connections_leaves_the_limit_and_the_server_standing()
    {
        await using HttpServer server = Started(maxConnections: 8);
        List<RawClient> flood = [];
        for (int i = 0; i < 300; i++)
        {
            flood.Add(new RawClient(server.EndPoint));
            Assert.InRange(server.Counters.OpenConnections, 0, 8 + 16);
        }

        flood.ForEach(client => client.Dispose());
        Until(() => server.Counters.OpenConnections == 0);
        using RawClient sane = new(server.EndPoint);
        Assert.Equal(200, sane.Get("/healthz").Status);
    }

    [Fact]
    public async Task A_reset_in_the_middle_of_a_page_costs_only_that_connection()
    {
        List<Exception> log = [];
        await using HttpServer server = Started(onError: log.Add);
        for (int round = 0; round < 100; round++)
        {
            using RawClient client = new(server.EndPoint);
            client.Send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.True(client.HasInput(20_000));
            client.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        Until(() => server.Counters.OpenConnections == 0);
        Assert.Equal(100, _endless.Released);
        Assert.Empty(log);
    }

    [Fact]
    public async Task A_thousand_random_requests_do_no_harm()
    {
        List<Exception> log = [];
        Random random = new(17);
        byte[] valid = Encoding.ASCII.GetBytes("GET /healthz?a=b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n");
        await using HttpServer server = Started(onError: log.Add);
        for (int round = 0; round < 1000; round++)
        {
            byte[] request = new byte[random.Next(1, 600)];
            random.NextBytes(request);
            if (round % 2 == 0)
            {
                // Every other one is nearly right.
                request = [.. valid];
                for (int flips = random.Next(1, 6); flips > 0; flips--)
                {
                    request[random.Next(request.Length)] = (byte)random.Next(256);
                }
            }

            using RawClient client = new(server.EndPoint);
            client.Socket.Send(request);
            client.Socket.Shutdown(SocketShutdown.Send);
            Assert.True(client.Ends());
        }

        Assert.Empty(log);
        using RawClient sane = new(server.EndPoint);
        Assert.Equal(200, sane.Get("/healthz").Status);
    }

    [Fact]
    public async Task Stopping_is_quick_whatever_the_clients_do()
    {
        HttpServer server = Started();
        using RawClient silent = new(server.EndPoint);
        using RawClient idle = new(server.EndPoint);
        using RawClient dribbling = new(server.EndPoint);
        using RawClient stalled = new(server.EndPoint, receiveBufferBytes: 4096);
        Assert.Equal(200, idle.Get("/healthz").Status);
        dribbling.Send("GET /he");
        stalled.Send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
        Until(() => server.Counters is { OpenConnections: 4, Requests: 2 });
        long start = Stopwatch.GetTimestamp();
        await server.StopAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal(0, server.Counters.OpenConnections);
        Assert.Equal(1, _endless.Released);
        Assert.True(silent.Ends());
        Assert.Equal("", idle.ReadToEnd());
        Assert.True(dribbling.Ends());
        Assert.True(stalled.Ends());
        await server.StopAsync();
    }

    [Fact]
    public async Task Stopping_under_load_leaves_no_connection_and_no_torn_page()
    {
        string expected = LinesContent.All(TestRoutes.MetricsLines);
        for (int round = 0; round < 5; round++)
        {
            HttpServer server = Started();
            IPEndPoint endPoint = server.EndPoint;
            int pages = 0;
            Task[] clients = [.. Enumerable.Range(0, 4).Select(number => Task.Run(() =>
            {
                try
                {
                    while (true)
                    {
                        using RawClient client = new(endPoint);
                        for (int request = 0; request < 20; request++)
                        {
                            RawResponse response = client.Get("/metrics", number % 2 == 0 ? "Accept-Encoding: gzip\r\n" : "");
                            Assert.Equal(expected, number % 2 == 0 ? response.Unzipped : response.Text);
                            Interlocked.Increment(ref pages);
                        }
                    }
                }
                catch (SocketException)
                {
                    // The server is gone.
                }
                catch (Xunit.Sdk.TrueException)
                {
                    // The stream ended between responses or, after the grace, within one; no page looked whole without being so.
                }
            }))];
            Until(() => Volatile.Read(ref pages) > 20);
            await server.StopAsync();
            Assert.Equal(0, server.Counters.OpenConnections);
            await Task.WhenAll(clients);
        }
    }

    private static TimeSpan RealPatience => TimeSpan.FromHours(1);

    private HttpServer Started(int maxConnections = 64, Action<Exception>? onError = null)
    {
        HttpServer server = new(
            new HttpServerOptions
            {
                Address = IPAddress.Loopback,
                Port = 0,
                MaxConnections = maxConnections,
                Time = _time,
                OnError = onError,
            },
            [.. TestRoutes.All, new HttpRoute("/endless", (in HttpRequest _) => HttpReply.Stream(_endless))]);
        server.Start();
        return server;
    }

    private static void Until(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, RawClient.Patience), "the condition was not met in time");

    /// <summary>Lets time pass step by step until <paramref name="condition"/> holds.</summary>
    private void AdvanceUntil(Func<bool> condition, TimeSpan step)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < RawClient.Patience, "the condition was not met in time");
            _time.Advance(step);
        }
    }
}
