using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

using Caretta.Cluster.Tests.Scale;
using Caretta.Cluster.Tests.Support;

using Xunit;

namespace Caretta.Cluster.Tests;

/// <summary>The made-up cluster must be consistent before anything is measured on it.</summary>
public sealed class ScaleServerTests
{
    private static readonly string Pods = KubePath.Pods();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_make_up_the_whole_list()
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using KubeClient client = ClientOf(server);
        JsonObject whole = await client.GetAsync(Pods, Cancellation);
        List<string> names = [];
        string more = "";
        do
        {
            JsonObject page = await client.GetAsync($"{Pods}?limit=33{more}", Cancellation);
            names.AddRange(page["items"]!.AsArray().Select(static pod => (string)pod!["metadata"]!["name"]!));
            string? token = (string?)page["metadata"]!["continue"];
            more = token is null ? "" : $"&continue={token}";
        }
        while (more.Length > 0);

        Assert.Equal(ScaleShape.Small.Pods, names.Count);
        Assert.Equal(whole["items"]!.AsArray().Select(static pod => (string)pod!["metadata"]!["name"]!), names);
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.Equal(new ScaleTally(8, server.Total().Bytes), server.Tally(ScaleVerb.List, "pods"));
    }

    [Fact]
    public async Task A_list_and_the_changes_after_it_give_the_list_of_later()
    {
        const int Changes = 777;     // all pods change three to four times
        await using var server = new ScaleServer(ScaleShape.Small);
        using KubeClient client = ClientOf(server);
        JsonObject before = await client.GetAsync(Pods, Cancellation);
        Dictionary<string, JsonNode> pods = ByUid(before);
        server.Advance(Changes);

        int events = 0;
        await foreach ((string type, JsonObject pod) in client.WatchAsync(Pods, (string)before["metadata"]!["resourceVersion"]!, Cancellation))
        {
            string uid = (string)pod["metadata"]!["uid"]!;
            Assert.Equal(type != "ADDED", pods.ContainsKey(uid));
            pods[uid] = pod;
            if (type == "DELETED")
            {
                pods.Remove(uid);
            }

            if (++events == Changes)
            {
                break;
            }
        }

        Dictionary<string, JsonNode> after = ByUid(await client.GetAsync(Pods, Cancellation));
        Assert.Equal(after.Keys.Order(), pods.Keys.Order());
        foreach ((string uid, JsonNode pod) in after)
        {
            Assert.Equal((string?)pod["status"]!["podIP"], (string?)pods[uid]["status"]!["podIP"]);
        }

        string[] addresses = [.. after.Values.Select(static pod => (string?)pod["status"]!["podIP"]).OfType<string>()];
        Assert.Equal(addresses.Length, addresses.Distinct().Count());
    }

    [Fact]
    public async Task A_pods_owners_can_be_followed_to_the_top()
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using KubeClient client = ClientOf(server);
        Dictionary<string, int> tops = [];
        foreach (JsonObject pod in await client.ListAsync(Pods, Cancellation))
        {
            JsonNode at = pod;
            string kind = "Pod";
            while (at["metadata"]!["ownerReferences"]?[0] is { } owner)
            {
                kind = (string)owner["kind"]!;
                at = await client.GetAsync(
                    KubePath.Of((string)owner["apiVersion"]!, kind, (string)pod["metadata"]!["namespace"]!, (string)owner["name"]!), Cancellation);
                Assert.Equal((string?)owner["uid"], (string?)at["metadata"]!["uid"]);
            }

            tops[kind] = tops.GetValueOrDefault(kind) + 1;
        }

        Assert.Equal(new SortedDictionary<string, int> { ["CronJob"] = 10, ["DaemonSet"] = 10, ["Deployment"] = 170, ["StatefulSet"] = 10 }, tops);
    }

    [Fact]
    public async Task Large_lists_are_compressed_for_who_accepts_it()
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using HttpClient http = HttpOf(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, Pods);
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
        await using var plain = new GZipStream(await answer.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress);
        using JsonDocument list = await JsonDocument.ParseAsync(plain, cancellationToken: Cancellation);
        Assert.Equal(ScaleShape.Small.Pods, list.RootElement.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData(ScaleFault.Gone, 410)]
    [InlineData(ScaleFault.TooManyRequests, 429)]
    [InlineData(ScaleFault.Unauthorized, 401)]
    [InlineData(ScaleFault.Forbidden, 403)]
    [InlineData(ScaleFault.ServerError, 500)]
    internal async Task A_refusal_happens_once(ScaleFault fault, int code)
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using KubeClient client = ClientOf(server);
        server.Inject(ScaleVerb.List, "pods", fault);
        KubeException refusal = await Assert.ThrowsAsync<KubeException>(() => client.ListAsync(Pods, Cancellation));
        Assert.Equal(code, refusal.Code);
        Assert.Equal(ScaleShape.Small.Pods, (await client.ListAsync(Pods, Cancellation)).Count);
    }

    [Theory]
    [InlineData(ScaleFault.CutObject)]
    [InlineData(ScaleFault.DeepNesting)]
    [InlineData(ScaleFault.BadUtf8)]
    [InlineData(ScaleFault.Page)]
    internal async Task What_is_no_JSON_cannot_be_parsed(ScaleFault fault)
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using HttpClient http = HttpOf(server);
        server.Inject(ScaleVerb.List, "pods", fault);
        byte[] body = await http.GetByteArrayAsync(Pods, Cancellation);
        Assert.ThrowsAny<JsonException>(() => Check(body));

        static void Check(byte[] body)
        {
            var reader = new Utf8JsonReader(body);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String)
                {
                    try
                    {
                        reader.GetString();
                    }
                    catch (InvalidOperationException e)
                    {
                        throw new JsonException("not UTF-8", e);
                    }
                }
            }
        }
    }

    [Fact]
    public async Task A_huge_string_is_sent_in_full_and_held_nowhere()
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using HttpClient http = HttpOf(server);
        server.Inject(ScaleVerb.List, "pods", ScaleFault.HugeString);

        // What tests before this one left to be collected is not this one's.
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using HttpResponseMessage answer = await http.GetAsync(new Uri(Pods, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await using Stream body = await answer.Content.ReadAsStreamAsync(Cancellation);
        byte[] buffer = new byte[64 << 10];
        long received = 0;
        int read;
        while (received < 100 << 20 && (read = await body.ReadAsync(buffer, Cancellation)) > 0)
        {
            received += read;
        }

        Assert.True(received >= 100 << 20, $"the answer ended after {received} bytes");
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 16 << 20);
    }

    [Fact]
    public async Task A_cut_connection_ends_the_answer_with_an_error()
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using HttpClient http = HttpOf(server);
        server.Inject(ScaleVerb.List, "pods", ScaleFault.CutConnection);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetByteArrayAsync(Pods, Cancellation));
    }

    [Theory]
    [InlineData(ScaleFault.Silence)]
    [InlineData(ScaleFault.HalfOpen)]
    internal async Task A_silent_server_keeps_the_client_waiting(ScaleFault fault)
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using HttpClient http = HttpOf(server);
        server.Inject(ScaleVerb.List, "pods", fault);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromMilliseconds(500));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => http.GetByteArrayAsync(Pods, patience.Token));
    }

    [Fact]
    public async Task A_watch_says_that_its_version_is_gone_and_bookmarks_move_on()
    {
        await using var server = new ScaleServer(ScaleShape.Small) { BookmarkInterval = TimeSpan.FromMilliseconds(50) };
        using KubeClient client = ClientOf(server);
        string first = ScaleCluster.FirstVersion.ToString(System.Globalization.CultureInfo.InvariantCulture);
        server.Advance(3);
        await foreach ((string type, JsonObject @object) in client.WatchAsync(KubePath.Of("v1", "Service", null, null), first, Cancellation))
        {
            Assert.Equal("BOOKMARK", type);
            Assert.Equal("1000003", (string?)@object["metadata"]!["resourceVersion"]);
            break;
        }

        server.Inject(ScaleVerb.Watch, "pods", ScaleFault.GoneEvent);
        Assert.Equal(410, await RefusalAsync());
        server.Compact();
        Assert.Equal(410, await RefusalAsync());

        async Task<int> RefusalAsync()
        {
            try
            {
                await foreach ((string, JsonObject) one in client.WatchAsync(Pods, first, Cancellation))
                {
                    return 0;
                }
            }
            catch (KubeException e)
            {
                return e.Code;
            }

            return -1;
        }
    }

    [Fact]
    public async Task Changes_come_at_the_rate_asked_for()
    {
        await using var server = new ScaleServer(ScaleShape.Small);
        using KubeClient client = ClientOf(server);
        string first = ScaleCluster.FirstVersion.ToString(System.Globalization.CultureInfo.InvariantCulture);
        server.StartChurn(300);
        long start = TimeProvider.System.GetTimestamp();
        int events = 0;
        await foreach ((string, JsonObject) one in client.WatchAsync(Pods, first, Cancellation))
        {
            if (++events == 600)
            {
                break;
            }
        }

        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalSeconds, 1.9, 10);
    }

    private static Dictionary<string, JsonNode> ByUid(JsonObject list) =>
        list["items"]!.AsArray().ToDictionary(static pod => (string)pod!["metadata"]!["uid"]!, static pod => pod!);

    private static KubeClient ClientOf(ScaleServer server) => new(server.Endpoint, server.Authority, static () => "any");

    private static HttpClient HttpOf(ScaleServer server)
    {
        var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None };
        handler.SslOptions.CertificateChainPolicy = server.Authority.TrustPolicy();
        return new HttpClient(handler) { BaseAddress = server.Endpoint };
    }
}
