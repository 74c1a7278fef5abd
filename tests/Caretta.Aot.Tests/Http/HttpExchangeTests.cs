using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Caretta.Aot.Http;
using Xunit;

namespace Caretta.Aot.Tests.Http;

/// <summary>The protocol without sockets: every split of the input, and everything that is refused.</summary>
public sealed class HttpExchangeTests
{
    private const string Prometheus2 =
        "GET /metrics HTTP/1.1\r\nHost: 10.0.0.7:7117\r\nUser-Agent: Prometheus/2.42.0\r\n"
        + "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n"
        + "Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n";

    private const string Curl = "GET /healthz?verbose HTTP/1.1\r\nHost: localhost:7117\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
    private const string Kubelet = "GET /readyz HTTP/1.1\r\nHost: 10.0.0.7:7117\r\nUser-Agent: kube-probe/1.30\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    private const string Old = "HEAD /healthz HTTP/1.0\r\n\r\n";
    private const string Proxied = "GET http://node-1:7117/healthz HTTP/1.1\r\nHost: node-1:7117\r\n\r\n";

    public static TheoryData<string> Valid => [Prometheus2, Curl, Kubelet, Old, Proxied, "\r\n" + Curl, Curl + Curl + Kubelet];

    public static TheoryData<string, int> Refused => new()
    {
        // Line ends and request line: RFC 9112 §2.2, §3.
        { "GET / HTTP/1.1\nHost: x\n\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n", 400 },
        { "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "\n\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET /\r\nHost: x\r\n\r\n", 400 },
        { "GET\r\nHost: x\r\n\r\n", 400 },
        { "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET /  HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400 },
        { " GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET / http/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/1.\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/x.1\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505 },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
        { "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505 },
        { "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003", 400 },
        { "\0", 400 },

        // Target: RFC 9112 §3.2.
        { "GET metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET /#top HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET /\u00fc HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET http:///metrics HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET http:// HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET http://me@x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400 },

        // Header lines: RFC 9112 §5, RFC 9110 §5.5.
        { "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nA: \u007f\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nA\u00e9: b\r\n\r\n", 400 },

        // Host: RFC 9112 §3.2.
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", 400 },
        { "GET / HTTP/1.0\r\nHost: x\r\nhost: y\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400 },

        // Bodies: RFC 9112 §6.
        { "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 413 },
        { "GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413 },
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 0\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
        { "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },

        // Limits.
        { "GET /" + new string('a', 4096), 414 },
        { "GET /" + new string('a', 4096) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414 },
        { "GET / HTTP/1.1\r\nHost: x\r\nA: " + new string('a', 16384), 431 },
        { "GET / HTTP/1.1\r\nHost: x\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 64)) + "\r\n", 431 },
    };

    public static TheoryData<string, int> Answered => new()
    {
        { "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 200 },
        { "GET /healthz HTTP/1.1\r\nhOST:x\t\r\n\r\n", 200 },
        { "GET /healthz HTTP/1.1\r\nHost: [::1]:7117\r\n\r\n", 200 },
        { "GET /healthz HTTP/1.9\r\nHost: x\r\n\r\n", 200 },
        { "GET /healthz?a={b|c}^d HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
        { "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 200 },
        { "GET /healthz HTTP/1.1\r\nHost: x\r\nA:\u00e9\r\n\r\n", 200 },
        { "GET /healthz HTTP/1.1\r\nHost: x\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 63)) + "\r\n", 200 },
        { "GET HTTP://X HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
        { "GET http://x?y HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
        { "GET /%68ealthz HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "GET /healthz/ HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "GET /../healthz HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
        { "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405 },
        { "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
        { "get / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
        { "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
    };

    [Theory]
    [MemberData(nameof(Valid))]
    public void Every_split_of_a_valid_request_gives_the_same_answer(string request)
    {
        string whole = Run(Pieces(request)).Sent;
        Assert.StartsWith("HTTP/1.1 ", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("HTTP/1.1 400", whole, StringComparison.Ordinal);
        for (int split = 0; split <= request.Length; split++)
        {
            Assert.Equal(whole, Run(Pieces(request[..split], request[split..])).Sent);
        }

        Assert.Equal(whole, Run(Bytewise(request)).Sent);
    }

    [Theory]
    [InlineData(Prometheus2)]
    [InlineData(Curl)]
    [InlineData(Kubelet)]
    [InlineData(Old)]
    public void No_prefix_of_a_valid_request_is_answered(string request)
    {
        for (int length = 0; length < request.Length; length++)
        {
            Outcome outcome = Run(Pieces(request[..length]));
            Assert.Equal("", outcome.Sent);
            Assert.Equal(HttpStep.Receive, outcome.Step);
            Assert.Equal(length == 0, outcome.IsIdle);
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_not_http_is_refused_and_the_connection_closed(string request, int status)
    {
        Outcome outcome = Run(Pieces(request));
        Assert.StartsWith($"HTTP/1.1 {status} ", outcome.Sent, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", outcome.Sent, StringComparison.Ordinal);
        Assert.Contains($"\r\n\r\n{status} ", outcome.Sent, StringComparison.Ordinal);
        Assert.EndsWith("\n", outcome.Sent, StringComparison.Ordinal);
        Assert.Equal(HttpStep.Close, outcome.Step);
        Assert.StartsWith($"HTTP/1.1 {status} ", Run(Bytewise(request)).Sent, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Answered))]
    public void What_is_http_is_answered_and_the_connection_kept(string request, int status)
    {
        Outcome outcome = Run(Pieces(request));
        Assert.StartsWith($"HTTP/1.1 {status} ", outcome.Sent, StringComparison.Ordinal);
        Assert.Equal(status == 405, outcome.Sent.Contains("\r\nAllow: GET, HEAD\r\n", StringComparison.Ordinal));
        Assert.Equal(HttpStep.Receive, outcome.Step);
        Assert.True(outcome.IsIdle);
    }

    [Fact]
    public void A_head_at_the_limit_passes_and_one_byte_more_does_not()
    {
        const string Start = "GET /healthz HTTP/1.1\r\nHost: x\r\nA: ";
        string filling = new('a', (16 * 1024) - Start.Length - 4);
        Assert.StartsWith("HTTP/1.1 200 ", Run(Bytewise($"{Start}{filling}\r\n\r\n")).Sent, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431 ", Run(Bytewise($"{Start}{filling}a\r\n\r\n")).Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_line_at_the_limit_passes_and_one_byte_more_does_not()
    {
        const string Rest = " HTTP/1.1\r\n";
        string target = "/healthz?" + new string('a', 4096 - "GET ".Length - "/healthz?".Length - Rest.Length);
        Assert.StartsWith("HTTP/1.1 200 ", Run(Bytewise($"GET {target}{Rest}Host: x\r\n\r\n")).Sent, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 414 ", Run(Bytewise($"GET {target}a{Rest}Host: x\r\n\r\n")).Sent, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_behind_a_refused_request_is_answered() =>
        Assert.DoesNotContain("200 OK", Run(Pieces("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + Curl)).Sent, StringComparison.Ordinal);

    [Fact]
    public void Any_change_of_one_byte_is_answered_or_waits_for_more()
    {
        foreach (string request in (string[])[Prometheus2.Replace("/metrics", "/healthz", StringComparison.Ordinal), Kubelet])
        {
            for (int at = 0; at < request.Length; at++)
            {
                foreach (char change in "\0\t\n\r \"%,/:;=?AZaz\u007f\u0080\u00ff")
                {
                    Outcome outcome = Run(Pieces(request[..at] + change + request[(at + 1)..]));
                    Assert.True(
                        outcome.Sent.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || outcome.Step == HttpStep.Receive,
                        $"{(int)change} at {at}: {outcome}");
                }
            }
        }
    }

    [Fact]
    public void Buffers_go_back_between_requests()
    {
        HttpShared shared = Shared(TestRoutes.All);
        Pipe pipe = new();
        HttpExchange exchange = new(shared, pipe.Reader);
        BlockPool.Block before = shared.SendBlocks.RentBlock();
        before.Dispose();
        pipe.Writer.Write(Encoding.ASCII.GetBytes(Curl));
        Assert.True(pipe.Writer.FlushAsync(TestContext.Current.CancellationToken).AsTask().IsCompletedSuccessfully);
        Assert.Equal(HttpStep.Send, exchange.Next());
        Assert.Equal(HttpStep.Receive, exchange.Next());
        using BlockPool.Block after = shared.SendBlocks.RentBlock();
        Assert.Same(before, after);
    }

    private static string[] Pieces(params string[] pieces) => pieces;

    private static IEnumerable<string> Bytewise(string text) => text.Select(c => c.ToString());

    private static HttpShared Shared(IReadOnlyList<HttpRoute> routes) => new(
        new HttpServerOptions { Port = 0, Time = new FakeTime() },
        routes,
        new HttpCounters(),
        new BlockPool(20 * 1024, 4),
        new BlockPool(4 * 1024, 4),
        new GzipPool(4));

    /// <summary>Feeds the pieces one at a time and collects all that is sent, until input is lacking or the exchange is over.</summary>
    private static Outcome Run(IEnumerable<string> pieces)
    {
        HttpShared shared = Shared(TestRoutes.All);
        Pipe pipe = new(new PipeOptions(shared.ReceiveBlocks, PipeScheduler.Inline, PipeScheduler.Inline, 0, 0, useSynchronizationContext: false));
        HttpExchange exchange = new(shared, pipe.Reader);
        StringBuilder sent = new();
        HttpStep step = exchange.Next();
        foreach (string piece in pieces)
        {
            if (piece.Length > 0)
            {
                pipe.Writer.Write(Encoding.Latin1.GetBytes(piece));
                Assert.True(pipe.Writer.FlushAsync().AsTask().IsCompletedSuccessfully);
            }

            for (step = exchange.Next(); step == HttpStep.Send; step = exchange.Next())
            {
                sent.Append(Encoding.Latin1.GetString(exchange.Pending.Span));
            }

            if (step != HttpStep.Receive)
            {
                break;
            }
        }

        bool isIdle = exchange.IsIdle;
        exchange.Release();
        return new Outcome(sent.ToString(), step, isIdle);
    }

    private sealed record Outcome(string Sent, HttpStep Step, bool IsIdle);
}
