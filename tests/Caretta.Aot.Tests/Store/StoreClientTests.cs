using System.Net;
using System.Net.Sockets;
using System.Text;
using Caretta.Aot.Store;
using Xunit;

namespace Caretta.Aot.Tests.Store;

/// <summary>Whatever the store does, one clear line comes of it, in time and without secrets.</summary>
public sealed class StoreClientTests
{
    private const string Empty = """{"status":"success","data":{"resultType":"vector","result":[]}}""";

    [Theory]
    [InlineData("200 OK", "<html>Grafana</html>", "text/html", "store-away", "does not answer as a Prometheus API does")]
    [InlineData("302 Found", "", "text/html", "store-away", "redirects (302)")]
    [InlineData("401 Unauthorized", "{}", "application/json", "store-away", "refuses access (401)")]
    [InlineData("403 Forbidden", "no", "text/plain", "store-away", "refuses access (403)")]
    [InlineData("404 Not Found", "", "text/plain", "store-away", "there is no Prometheus API")]
    [InlineData("422 Unprocessable Entity", "{\"status\":\"error\",\"error\":\"too\\nmany \\u001b[31msamples\"}", "application/json", "store-away", "refused (422): too many  [31msamples")]
    [InlineData("500 Internal Server Error", "{", "application/json", "store-away", "cannot be read")]
    [InlineData("200 OK", "{\"status\":\"error\",\"error\":\"bad\"}", "application/json", "store-away", "refused (200): bad")]
    [InlineData("200 OK", "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{},\"value\":[1,2]}]}}", "application/json", "store-away", "not that of a Prometheus API")]
    [InlineData("200 OK", "{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":[],\"value\":[1,\"2\"]}]}}", "application/json", "store-away", "not that of a Prometheus API")]
    [InlineData("200 OK", "{\"status\":\"success\",\"data\":", "application/json", "store-away", "cannot be read: the JSON is malformed")]
    [InlineData("200 OK", "", "application/json", "store-away", "refused (200)")]
    [InlineData("200 OK", "[[[[[[[[[[[[[[[[[[[[[[[[", "application/json", "store-away", "not that of a Prometheus API")]
    public async Task An_answer_that_cannot_be_used_is_one_line(string head, string body, string type, string reason, string part)
    {
        using OddStore server = OddStore.Saying(head + "\r\nLocation: http://169.254.169.254/", body, type);
        using var store = new StoreClient(server.Url.Replace("http://", "http://reader:secret@", StringComparison.Ordinal));

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => store.QueryLinksAsync(1000, 2000));

        Assert.Equal(reason, failure.Reason);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, static unit => unit < ' ');
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task Credentials_go_into_a_header_and_the_path_is_kept()
    {
        string? asked = null;
        using var server = new OddStore(async (request, stream, cancel) =>
        {
            asked ??= request;
            await OddStore.SendAsync(stream, $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Empty.Length}\r\n\r\n{Empty}", cancel);
        });
        using var store = new StoreClient(server.Url.Replace("http://", "http://reader:p%40ss@", StringComparison.Ordinal) + "/select/0/");

        Assert.Empty((await store.QueryLinksAsync(1000, 2000)).All);

        Assert.StartsWith("POST /select/0/api/v1/query HTTP/1.1\r\n", asked, StringComparison.Ordinal);
        Assert.Contains("Authorization: Basic " + Convert.ToBase64String("reader:p@ss"u8.ToArray()) + "\r\n", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("p%40ss", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("p@ss", store.Address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_there_is_said()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var store = new StoreClient($"http://127.0.0.1:{port}");

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => store.QueryAgentsAsync(1000, 2000));

        Assert.Equal((502, "store-away"), (failure.Status, failure.Reason));
        Assert.Contains("cannot be reached", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_drips_or_says_nothing_is_too_slow()
    {
        using var server = new OddStore(async (_, stream, cancel) =>
        {
            await OddStore.SendAsync(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n", cancel);
            await Task.Delay(Timeout.Infinite, cancel);
        });
        using var store = new StoreClient(server.Url, new StoreLimits { Timeout = TimeSpan.FromSeconds(0.3) });

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => store.QueryLinksAsync(1000, 2000));

        Assert.Equal((504, "store-slow"), (failure.Status, failure.Reason));
    }

    [Fact]
    public async Task An_answer_without_end_ends_at_the_limit()
    {
        using var server = new OddStore(async (_, stream, cancel) =>
        {
            await OddStore.SendAsync(
                stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"success\",\"data\":{\"result\":[", cancel);
            byte[] series = Encoding.ASCII.GetBytes("""{"metric":{"role":"1","server_port":"1"},"value":[1,"1"]},""");
            while (true)
            {
                await stream.WriteAsync(series, cancel);
            }
        });
        using var bytes = new StoreClient(server.Url, new StoreLimits { AnswerBytes = 100_000 });
        using var series = new StoreClient(server.Url, new StoreLimits { Series = 1000 });

        StoreException long_ = await Assert.ThrowsAsync<StoreException>(() => bytes.QueryLinksAsync(1000, 2000));
        StoreException many = await Assert.ThrowsAsync<StoreException>(() => series.QueryLinksAsync(1000, 2000));

        Assert.Equal((502, "too-large", "the store's answer is longer than 100000 bytes: ask for a shorter range"), (long_.Status, long_.Reason, long_.Message));
        Assert.Equal((502, "too-large", "the store's answer has more than 1000 series"), (many.Status, many.Reason, many.Message));
    }

    [Fact]
    public async Task More_than_four_questions_at_once_are_refused_and_stopping_ends_them()
    {
        using var server = new OddStore(static (_, _, cancel) => Task.Delay(Timeout.Infinite, cancel));
        var store = new StoreClient(server.Url);
        Task<ObservedLinks>[] waiting = [.. Enumerable.Range(0, 4).Select(number => store.QueryLinksAsync(number, 2000))];

        StoreException busy = await Assert.ThrowsAsync<StoreException>(() => store.QueryLinksAsync(5, 2000));
        store.Dispose();

        Assert.Equal((503, "busy"), (busy.Status, busy.Reason));
        foreach (Task<ObservedLinks> task in waiting)
        {
            Assert.Equal("store-away", (await Assert.ThrowsAsync<StoreException>(() => task)).Reason);
        }
    }

    [Fact]
    public async Task What_others_write_under_our_names_is_left_out()
    {
        const string Body = """
            {"status":"success","warnings":["x"],"data":{"resultType":"vector","result":[
            {"metric":{"role":"1","server_port":"80","client_name":"a\"<\u202e"},"value":[1,"12"]},
            {"metric":{"role":"3","server_port":"80"},"value":[1,"5"]},
            {"metric":{"role":"1","server_port":"http"},"value":[1,"5"]},
            {"metric":{"role":"1","server_port":"81"},"value":[1,"NaN"]},
            {"metric":{"role":"1","server_port":"82"},"value":[1,"+Inf"]}]}}
            """;
        using OddStore server = OddStore.Saying("200 OK", Body);
        using var store = new StoreClient(server.Url);

        ObservedLink link = Assert.Single((await store.QueryLinksAsync(1000, 2000)).All);

        Assert.Equal("a\"<\u202e", link.Ends.ClientName);
        Assert.Equal(12, link[LinkCounter.Sent]);
    }

    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("a\"} or up{x=\"", "\"a\\\"} or up{x=\\\"\"")]
    [InlineData("back\\slash", "\"back\\\\slash\"")]
    [InlineData("line\nend\u007f", "\"line\\x0aend\\x7f\"")]
    [InlineData("ünï\u202e", "\"ünï\u202e\"")]
    public void Text_cannot_leave_its_quotes(string text, string quoted) => Assert.Equal(quoted, StoreQueries.Quote(text));

    [Fact]
    public void What_began_anew_is_added_up_piece_by_piece()
    {
        var links = new ObservedLinks();
        var counter = new RestartedLinks(from: 100);
        var ends = new ObservedEnds("a", "n", "k", "", "b", "n", "k", 80, 1);
        ObservedEnds born = ends with { Port = 81 };
        ObservedEnds steady = ends with { Port = 82 };
        foreach ((double time, double value) in new (double, double)[] { (90, 1000), (100, 1010), (100, 1010), (110, 1024), (120, 5), (130, 45), (140, 3) })
        {
            counter.Add(ends, time, value);
            counter.Add(steady, time, 7);
        }

        counter.Add(born, 105, 50);
        counter.Add(born, 110, 20);
        counter.AddTo(links, LinkCounter.Sent);

        Assert.Equal(14 + 5 + 40 + 3, links.Find(ends)![LinkCounter.Sent]);
        Assert.Equal(50 + 20, links.Find(born)![LinkCounter.Sent]);
        Assert.Null(links.Find(steady));
    }
}
