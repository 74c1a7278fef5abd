using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Caretta.Aot.Map;
using Caretta.Aot.Store;
using Xunit;

namespace Caretta.Aot.Tests.Store;

/// <summary>The store's client against servers that refuse, lie, stall and flood. What real stores answer is tried in Caretta.Map.Tests.</summary>
public sealed class StoreClientTests
{
    private const string Empty = """{"status":"success","data":{"resultType":"vector","result":[]}}""";

    private static readonly StoreLimits Quick = new() { Question = TimeSpan.FromSeconds(1), Connect = TimeSpan.FromSeconds(1) };

    [Theory]
    [InlineData("302 Found", "text/html", "", "redirects are not followed")]
    [InlineData("401 Unauthorized", "text/plain", "no", "refused the credentials (401)")]
    [InlineData("403 Forbidden", "text/plain", "no", "refused the credentials (403)")]
    [InlineData("404 Not Found", "text/plain", "no", "no query API")]
    [InlineData("422 Unprocessable Entity", "application/json", """{"status":"error","errorType":"execution","error":"too\nmany <samples>"}""", "refused (422): too many <samples>")]
    [InlineData("500 Internal Server Error", "application/json", "{", "refused (500)")]
    [InlineData("503 Service Unavailable", "text/plain", "no", "refused (503)")]
    [InlineData("200 OK", "text/html", "<html>", "answers with text/html and not with JSON")]
    [InlineData("200 OK", "application/json", "", "cannot be used")]
    [InlineData("200 OK", "application/json", "{}", "it has no result")]
    [InlineData("200 OK", "application/json", """{"status":"error","error":"bad"}""", "refused: bad")]
    [InlineData("200 OK", "application/json", """{"status":"success","data":{"resultType":"vector","result":[{"metric":{""", "cannot be used")]
    [InlineData("200 OK", "application/json", """{"status":"success","data":{"resultType":"vector","result":[1,2]}}""", "form of the Prometheus query API")]
    [InlineData("200 OK", "application/json", """{"status":"success","data":{"resultType":"vector","result":[{"metric":[],"value":[1,"2"]}]}}""", "form of the Prometheus query API")]
    [InlineData("200 OK", "application/json", """{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2,3]}]}}""", "form of the Prometheus query API")]
    [InlineData("200 OK", "application/json", """{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":["a","2"]}]}}""", "form of the Prometheus query API")]
    [InlineData("200 OK", "application/json", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "cannot be used")]
    public async Task A_store_that_refuses_or_talks_nonsense_is_away_and_says_why(string status, string type, string body, string expected)
    {
        await using StoreServer server = StoreServer.Saying(status, type, body, "Location: http://elsewhere/\r\n");

        MapException failure = await FailAsync(server.Url, Quick);

        Assert.Equal((502, "store-away"), (failure.Status, failure.Reason));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains(server.Url, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public async Task An_answer_cut_anywhere_is_away()
    {
        const string Whole = """{"status":"success","data":{"resultType":"vector","result":[{"metric":{"client_name":"a"},"value":[1,"2"]}]}}""";
        for (int length = 0; length < Whole.Length; length += 3)
        {
            await using StoreServer server = StoreServer.Saying("200 OK", "application/json", Whole[..length]);

            Assert.Equal("store-away", (await FailAsync(server.Url, Quick)).Reason);
        }
    }

    [Fact]
    public async Task A_connection_that_breaks_within_an_answer_is_away()
    {
        await using var server = new StoreServer(static async (_, stream, cancel) =>
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"status\""u8.ToArray(), cancel));

        Assert.Equal("store-away", (await FailAsync(server.Url, Quick)).Reason);
    }

    [Fact]
    public async Task Nobody_there_is_away()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        string url = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((System.Net.IPEndPoint)socket.LocalEndPoint!).Port}");

        MapException failure = await FailAsync(url, Quick);

        Assert.Equal("store-away", failure.Reason);
        Assert.Equal($"the store at {url} cannot be reached: Connection refused (see PROMETHEUS_URL)", failure.Message);
    }

    [Fact]
    public async Task A_store_that_speaks_no_TLS_is_away()
    {
        await using StoreServer server = StoreServer.Saying("200 OK", "application/json", Empty);

        MapException failure = await FailAsync($"https://127.0.0.1:{server.Port}", Quick);

        Assert.Equal("store-away", failure.Reason);
    }

    [Fact]
    public async Task A_store_that_never_answers_is_slow()
    {
        await using var server = new StoreServer(static (_, _, cancel) => Task.Delay(Timeout.Infinite, cancel));

        MapException failure = await FailAsync(server.Url, Quick);

        Assert.Equal((504, "store-slow"), (failure.Status, failure.Reason));
    }

    [Fact]
    public async Task An_answer_that_drips_is_slow()
    {
        await using var server = new StoreServer(static async (_, stream, cancel) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"u8.ToArray(), cancel);
            while (true)
            {
                await stream.WriteAsync(" "u8.ToArray(), cancel);
                await Task.Delay(50, cancel);
            }
        });

        Assert.Equal("store-slow", (await FailAsync(server.Url, Quick)).Reason);
    }

    [Theory]
    [InlineData("timeout")]
    [InlineData("canceled")]
    public async Task The_stores_own_limit_is_slow(string type)
    {
        await using StoreServer server = StoreServer.Saying("503 Service Unavailable", "application/json", $$"""{"status":"error","errorType":"{{type}}","error":"query timed out"}""");

        Assert.Equal("store-slow", (await FailAsync(server.Url, Quick)).Reason);
    }

    [Fact]
    public async Task An_answer_without_end_is_too_large()
    {
        await using var server = new StoreServer(static async (_, stream, cancel) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"u8.ToArray(), cancel);
            byte[] spaces = new byte[64 * 1024];
            Array.Fill(spaces, (byte)' ');
            while (true)
            {
                await stream.WriteAsync(spaces, cancel);
            }
        });

        MapException failure = await FailAsync(server.Url, new StoreLimits { MaxBytes = 4 << 20 });

        Assert.Equal((502, "too-large"), (failure.Status, failure.Reason));
    }

    [Fact]
    public async Task More_series_than_allowed_are_too_large()
    {
        var body = new StringBuilder("""{"status":"success","data":{"resultType":"vector","result":[""");
        body.AppendJoin(',', Enumerable.Repeat("""{"metric":{},"value":[1,"2"]}""", 101)).Append("]}}");
        await using StoreServer server = StoreServer.Saying("200 OK", "application/json", body.ToString());

        Assert.Equal("too-large", (await FailAsync(server.Url, new StoreLimits { MaxSeries = 100 })).Reason);
    }

    [Fact]
    public async Task Credentials_go_into_the_header_and_nowhere_else()
    {
        await using StoreServer server = StoreServer.Saying("403 Forbidden", "text/plain", "no");

        MapException failure = await FailAsync($"http://so%40me:s3cret@127.0.0.1:{server.Port}/pre/fix/", Quick);

        string request = Assert.Single(server.Requests);
        Assert.StartsWith("GET /pre/fix/api/v1/query?query=", request, StringComparison.Ordinal);
        Assert.Contains($"Authorization: Basic {Convert.ToBase64String("so@me:s3cret"u8)}", request, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"http://127.0.0.1:{server.Port}/pre/fix ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_arrive_as_they_are_and_odd_series_are_left_out()
    {
        const string Link = "\"client_namespace\":\"n\",\"client_kind\":\"Pod\",\"server_name\":\"s\",\"server_namespace\":\"n\",\"server_kind\":\"Pod\"";
        string series = string.Join(',',
            $$"""{"metric":{"client_name":"\u003cb\u003e\"\\ \u202e","role":"1","server_port":"80",{{Link}}},"value":[1.5,"42"]}""",
            $$"""{"metric":{"client_name":"x","role":"3","server_port":"80",{{Link}}},"value":[1.5,"42"]}""",
            $$"""{"metric":{"client_name":"y","role":"1","server_port":"80000",{{Link}}},"value":[1.5,"42"]}""",
            """{"metric":{},"value":[1.5,"42"]}""");
        await using var server = new StoreServer(async (head, stream, cancel) =>
        {
            bool isStart = head.Contains("start_time", StringComparison.Ordinal) && !head.Contains("client_name", StringComparison.Ordinal);
            string body = isStart ? Empty : $$$"""{"status":"success","data":{"resultType":"vector","result":[{{{series}}}]}}""";
            await stream.WriteAsync(Encoding.UTF8.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"), cancel);
        });
        using var store = new StoreClient(server.Url, new StoreLimits());

        ObservedLinks links = await store.QueryLinksAsync(1000, 2000, TestContext.Current.CancellationToken);

        ObservedLink link = Assert.Single(links.Links.ToArray());
        Assert.Equal("<b>\"\\ \u202e", links.Nodes[link.Client].Name);
        Assert.Equal(("s", (ushort)80, (byte)1), (links.Nodes[link.Server].Name, link.Port, link.Role));
        Assert.Equal((42, 42, 42, 42, 42, 42), (link.Sent, link.Received, link.Opened, link.Closed, link.Failed, link.Open));
        Assert.Equal(1000, link.FirstSeen);
    }

    [Fact]
    public async Task Ten_thousand_links_allocate_for_the_links_and_not_for_their_series()
    {
        string body = Many(10_000);
        await using var server = new StoreServer(async (head, stream, cancel) =>
        {
            bool isStart = head.Contains("start_time", StringComparison.Ordinal) && !head.Contains("client_name", StringComparison.Ordinal);
            string text = isStart ? Empty : body;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {text.Length}\r\nConnection: close\r\n\r\n{text}"), cancel);
        });
        var rows = new ObservedLinks();
        var reader = new SeriesReader(ObservedLinks.Labels, 100_000, series =>
        {
            int row = rows.IndexOf(series);
            rows.Links[row].Sent += series.LastValue;
        });
        using var connection = new StoreConnection(server.Url, new StoreLimits());
        await connection.QueryAsync("x", 1, reader, TestContext.Current.CancellationToken);
        var json = new Json.JsonStream(new Json.JsonLimits());
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        using var again = new MemoryStream(bytes);
        reader.Reset();

        long before = GC.GetAllocatedBytesForCurrentThread();
        await json.ReadAsync(again, reader.Shape, reader, CancellationToken.None);
        long after = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(10_000, rows.Links.Length);
        Assert.True(after - before < 4096, $"{after - before} bytes for {bytes.Length} bytes of an answer");
    }

    [Fact]
    public void Names_cannot_leave_their_quotes()
    {
        Assert.Equal("\"a\\\"} or up{x=\\\"\\\\ \\n\\x1b é\"", PromQl.Quote("a\"} or up{x=\"\\ \n\x1b é"));
    }

    private static string Many(int count)
    {
        var body = new StringBuilder("""{"status":"success","data":{"resultType":"vector","result":[""");
        for (int i = 0; i < count; i++)
        {
            body.Append(i == 0 ? "" : ",").Append(
                CultureInfo.InvariantCulture,
                $$$"""{"metric":{"client_kind":"Deployment","client_name":"client-{{{i}}}","client_namespace":"shop","role":"1","server_kind":"Service","server_name":"s{{{i % 100}}}","server_namespace":"shop","server_port":"443"},"value":[1795390000.25,"{{{i * 1000}}}"]}""");
        }

        return body.Append("]}}").ToString();
    }

    private static async Task<MapException> FailAsync(string url, StoreLimits limits)
    {
        using var store = new StoreClient(url, limits);
        return await Assert.ThrowsAsync<MapException>(() => store.QueryLinksAsync(1000, 2000, TestContext.Current.CancellationToken));
    }
}
