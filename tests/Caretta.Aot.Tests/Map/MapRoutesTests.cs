using System.Net;
using System.Text.Json;
using Caretta.Aot.Http;
using Caretta.Aot.Identity;
using Caretta.Aot.Map;
using Caretta.Aot.Snapshots;
using Caretta.Aot.Tests.Http;
using Xunit;

namespace Caretta.Aot.Tests.Map;

/// <summary>The paths of the map over real connections.</summary>
public sealed class MapRoutesTests
{
    private const string Range = "scope=cluster&from=1000&to=2000";

    private static readonly AgentFacts Facts = new()
    {
        Version = "1",
        Kernel = "6",
        Tier = "main",
        StartTime = DateTimeOffset.UnixEpoch,
    };

    [Theory]
    [InlineData("/", "text/html; charset=utf-8")]
    [InlineData("/?scope=cluster&q=%3Cscript%3E", "text/html; charset=utf-8")]
    [InlineData("/map.js", "text/javascript; charset=utf-8")]
    [InlineData("/layout.js", "text/javascript; charset=utf-8")]
    [InlineData("/style.css", "text/css; charset=utf-8")]
    public async Task The_page_is_served_and_may_reach_nothing_but_this_agent(string path, string type)
    {
        using var map = new MapRoutes();
        await using HttpServer server = Started(map);
        using RawClient client = new(server.EndPoint);

        RawResponse packed = client.Get(path, "Accept-Encoding: gzip\r\n");
        RawResponse plain = client.Get(path);

        Assert.Equal(200, packed.Status);
        Assert.Equal(type, packed.Headers["Content-Type"]);
        Assert.Equal(packed.Unzipped, plain.Text);
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'", packed.Headers["Content-Security-Policy"]);
        Assert.Equal("nosniff", packed.Headers["X-Content-Type-Options"]);
        Assert.Equal("no-referrer", packed.Headers["Referrer-Policy"]);
        Assert.Equal("same-origin", packed.Headers["Cross-Origin-Opener-Policy"]);
        Assert.Equal("same-origin", packed.Headers["Cross-Origin-Resource-Policy"]);
    }

    [Theory]
    [InlineData("/api/links", 503, "starting")]
    [InlineData("/api/links?scope=cluster", 404, "no-store")]
    [InlineData("/api/links?scope=all", 400, "bad-parameter")]
    [InlineData("/api/links?url=http://169.254.169.254/", 400, "bad-parameter")]
    [InlineData("/api/history?" + Range + "&client=a&clientNamespace=b", 404, "no-store")]
    [InlineData("/api/history", 400, "bad-parameter")]
    public async Task An_error_is_json_and_says_why(string path, int status, string reason)
    {
        using var map = new MapRoutes();
        await using HttpServer server = Started(map);
        using RawClient client = new(server.EndPoint);

        RawResponse response = client.Get(path);

        Assert.Equal((status, "application/json"), (response.Status, response.Headers["Content-Type"]));
        Assert.Equal("nosniff", response.Headers["X-Content-Type-Options"]);
        JsonElement error = JsonDocument.Parse(response.Text).RootElement.GetProperty("error");
        Assert.Equal((status, reason), (error.GetProperty("status").GetInt32(), error.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task A_hundred_viewers_cost_one_rendering_and_a_bounded_number_of_connections()
    {
        var exchange = new SnapshotExchange(Facts);
        var links = new LinkColumns();
        var workloads = new WorkloadTable();
        links.Add(new LinkIdentity(workloads.Intern("</script>", "host", "unit"), 0, 80, 1));
        exchange.Publish(links, workloads, new AgentHealth(Facts));
        using var map = new MapRoutes();
        var answers = new MapAnswers(() => new NodeMap(exchange, null, TimeSpan.FromSeconds(5), hasStore: false), TimeProvider.System);
        map.Begin(answers, new PolicyAnswers(null), static () => true);
        await using HttpServer server = Started(map);
        RawClient[] viewers = [.. Enumerable.Range(0, 100).Select(_ => new RawClient(server.EndPoint))];
        try
        {
            int answered = 0;
            Parallel.ForEach(viewers, viewer =>
            {
                try
                {
                    RawResponse response = viewer.Get("/api/links", "Accept-Encoding: gzip\r\n");
                    Assert.True(response.Status is 200 or 503, response.StatusLine);
                    if (response.Status == 200)
                    {
                        Assert.DoesNotContain("</script>", response.Unzipped, StringComparison.Ordinal);
                        Interlocked.Increment(ref answered);
                    }
                }
                catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or Xunit.Sdk.XunitException && !e.Message.Contains("HTTP", StringComparison.Ordinal))
                {
                    // Idle for longest when another came: closed to make room.
                }
            });
            Assert.InRange(answered, 36, 100);
            Assert.Equal(1, answers.Rendered);
            Assert.InRange(server.Counters.OpenConnections, 1, 100);
        }
        finally
        {
            Array.ForEach(viewers, static viewer => viewer.Dispose());
        }
    }

    private static HttpServer Started(MapRoutes map)
    {
        var server = new HttpServer(new HttpServerOptions { Address = IPAddress.Loopback, Port = 0 }, map.Routes);
        server.Start();
        return server;
    }
}
