using System.Globalization;
using System.Net;
using System.Text.Json;

using Caretta.Map.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Map.Tests;

/// <summary>The map of the cluster over HTTP: real agents, real traffic, real stores. Byte for byte what the agents themselves say.</summary>
public sealed class ClusterMapTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData("prometheus")]
    [InlineData("victoria-metrics")]
    public async Task The_map_is_the_sum_of_all_agents(string kind)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        double from = Now() - 30;
        int port = ChildProcess.FreePort();
        int[] ports = [ChildProcess.FreePort(), ChildProcess.FreePort(), ChildProcess.FreePort()];
        await using StoreProcess store = await StoreProcess.StartAsync(kind, [port], ports);
        await using AgentProcess first = await AgentProcess.StartAsync(ports[0], cancellation, "--prometheus-url", store.Url);
        await using AgentProcess second = await AgentProcess.StartAsync(ports[1], cancellation);
        await using AgentProcess third = await AgentProcess.StartAsync(ports[2], cancellation);
        AgentProcess[] agents = [first, second, third];
        await using TrafficProcess traffic = TrafficProcess.Start();
        await ListenAndTransferAsync(traffic, port, cancellation);
        await traffic.AskAsync($"connect kept v4 127.0.0.1:{port}", cancellation);
        await traffic.AskAsync("exchange kept 1234 56789", cancellation);

        JsonElement map = await ExpectAsync(store, first, port, from, agents, [], cancellation);

        Assert.Equal(1, map.GetProperty("version").GetInt32());
        Assert.Equal("cluster", map.GetProperty("scope").GetString());
        Assert.True(map.GetProperty("store").GetBoolean());
        JsonElement[] heard = [.. map.GetProperty("agents").EnumerateArray()];
        Assert.Equal(
            ports.Select(static port => $"127.0.0.1:{port}").Order(StringComparer.Ordinal),
            heard.Select(static agent => agent.GetProperty("node").GetString()!).Order(StringComparer.Ordinal));
        Assert.All(heard, static agent =>
        {
            Assert.True(agent.GetProperty("up").GetBoolean());
            Assert.True(agent.GetProperty("polls").GetDouble() > 0);
            Assert.True(agent.GetProperty("residentBytes").GetDouble() > 1_000_000);
            Assert.NotEmpty(agent.GetProperty("agentVersion").GetString()!);
            Assert.NotEmpty(agent.GetProperty("tier").GetString()!);
        });
        JsonElement link = map.GetProperty("links").EnumerateArray().First(link => link.GetProperty("port").GetInt32() == port);
        Assert.Equal("both", link.GetProperty("seenBy").GetString());
        Assert.InRange(link.GetProperty("firstSeen").GetDouble(), from, map.GetProperty("to").GetDouble());
        Assert.InRange(link.GetProperty("lastSeen").GetDouble(), map.GetProperty("to").GetDouble() - 10, map.GetProperty("to").GetDouble());

        // Both ends are watched, so a sketch has all bytes.
        (_, string answer) = await AskAsync(
            first, $"/api/links?scope=cluster&from={map.GetProperty("from").GetRawText()}&to={map.GetProperty("to").GetRawText()}&detail=sketch", cancellation);
        using JsonDocument sketch = JsonDocument.Parse(answer);
        Assert.Equal("sketch", sketch.RootElement.GetProperty("detail").GetString());
        Assert.False(map.TryGetProperty("detail", out _));
        Assert.Equal(Bytes(map, port), Bytes(sketch.RootElement, port));
        Assert.Equal(map.GetProperty("agents").GetArrayLength(), sketch.RootElement.GetProperty("agents").GetArrayLength());
    }

    [Theory]
    [InlineData("prometheus")]
    [InlineData("victoria-metrics")]
    public async Task An_agent_that_restarts_loses_nothing_and_counts_nothing_twice(string kind)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        double from = Now() - 30;
        int port = ChildProcess.FreePort();
        int[] ports = [ChildProcess.FreePort(), ChildProcess.FreePort()];
        await using StoreProcess store = await StoreProcess.StartAsync(kind, [port], ports);
        await using AgentProcess asked = await AgentProcess.StartAsync(ports[0], cancellation, "--prometheus-url", store.Url);
        await using TrafficProcess traffic = TrafficProcess.Start();
        MetricsPage beforeRestart;
        double between;
        MetricsPage otherBetween;
        await using (AgentProcess renewed = await AgentProcess.StartAsync(ports[1], cancellation))
        {
            await ListenAndTransferAsync(traffic, port, cancellation);
            await ExpectAsync(store, asked, port, from, [asked, renewed], [], cancellation);
            beforeRestart = await renewed.ScrapeAsync(cancellation);
            otherBetween = await asked.ScrapeAsync(cancellation);
            between = Now();
            await renewed.KillAsync(cancellation);
        }

        // More than before, so that the new counters overtake the old ones and no value is smaller than an earlier one for long.
        await using AgentProcess again = await AgentProcess.StartAsync(ports[1], cancellation);
        await TransferAsync(traffic, port, cancellation);
        await TransferAsync(traffic, port, cancellation);

        await ExpectAsync(store, asked, port, from, [asked, again], [beforeRestart], cancellation);

        // Only what came since: of the one agent the difference, of the other its whole second run.
        await ExpectAsync(store, asked, port, between, [asked, again], [], cancellation, otherBetween);

        // And after that as if nothing had been: the difference of both.
        double after = Now();
        MetricsPage[] then = [await asked.ScrapeAsync(cancellation), await again.ScrapeAsync(cancellation)];
        await TransferAsync(traffic, port, cancellation);
        await ExpectAsync(store, asked, port, after, [asked, again], [], cancellation, then);
    }

    [Theory]
    [InlineData("prometheus")]
    [InlineData("victoria-metrics")]
    public async Task A_range_has_what_was_added_in_it_and_new_links_in_full(string kind)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        double from = Now() - 30;
        (int old, int born) = (ChildProcess.FreePort(), ChildProcess.FreePort());
        int[] ports = [ChildProcess.FreePort(), ChildProcess.FreePort()];
        await using StoreProcess store = await StoreProcess.StartAsync(kind, [old, born], ports);
        await using AgentProcess first = await AgentProcess.StartAsync(ports[0], cancellation, "--prometheus-url", store.Url);
        await using AgentProcess second = await AgentProcess.StartAsync(ports[1], cancellation);
        await using TrafficProcess traffic = TrafficProcess.Start();
        await ListenAndTransferAsync(traffic, old, cancellation);
        await ExpectAsync(store, first, old, from, [first, second], [], cancellation);
        double between = Now();
        MetricsPage[] before = [await first.ScrapeAsync(cancellation), await second.ScrapeAsync(cancellation)];

        await TransferAsync(traffic, old, cancellation);
        await ListenAndTransferAsync(traffic, born, cancellation);

        JsonElement map = await ExpectAsync(store, first, old, between, [first, second], [], cancellation, before);
        Assert.Equal(between, FirstSeen(map, old), 0.001);
        map = await ExpectAsync(store, first, born, between, [first, second], [], cancellation);
        Assert.True(FirstSeen(map, born) > between, "a link that is new says so");

        // And as points over time: together they are the totals.
        (double toServer, double toClient) = (Sum(old, "bytesToServer"), Sum(old, "bytesToClient"));
        JsonElement links = map.GetProperty("links").EnumerateArray().First(link => link.GetProperty("port").GetInt32() == old);
        JsonElement server = map.GetProperty("nodes")[links.GetProperty("server").GetInt32()];
        double to = Math.Ceiling(Now());
        (_, string history) = await AskAsync(first, string.Create(
            CultureInfo.InvariantCulture,
            $"/api/history?scope=cluster&from={between + 15:0.###}&to={to + 30}&port={old}&server={Uri.EscapeDataString(server.GetProperty("name").GetString()!)}&serverNamespace={Uri.EscapeDataString(server.GetProperty("namespace").GetString()!)}"), cancellation);
        using JsonDocument points = JsonDocument.Parse(history);
        Assert.Equal(15, points.RootElement.GetProperty("step").GetDouble());
        Assert.Equal(toServer, SumPoints(points, "bytesToServerPerSecond"), 1.0);
        Assert.Equal(toClient, SumPoints(points, "bytesToClientPerSecond"), 1.0);

        double Sum(int port, string member) => map.GetProperty("links").EnumerateArray()
            .Where(link => link.GetProperty("port").GetInt32() == port).Sum(link => link.GetProperty(member).GetDouble());
    }

    [Theory]
    [InlineData("prometheus")]
    [InlineData("victoria-metrics")]
    public async Task A_store_that_goes_away_is_said_and_its_return_is_noticed(string kind)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        double from = Now() - 30;
        int port = ChildProcess.FreePort();
        int[] ports = [ChildProcess.FreePort()];
        await using StoreProcess store = await StoreProcess.StartAsync(kind, [port], ports);
        await using AgentProcess agent = await AgentProcess.StartAsync(ports[0], cancellation, "--prometheus-url", store.Url);
        await using TrafficProcess traffic = TrafficProcess.Start();
        await ListenAndTransferAsync(traffic, port, cancellation);
        await ExpectAsync(store, agent, port, from, [agent], [], cancellation);

        await store.KillAsync(cancellation);
        string body = await Eventually.GetAsync("the store is away", Patience, async () =>
        {
            (HttpStatusCode status, string text) = await AskAsync(agent, "/api/links?scope=cluster", cancellation);
            return status == HttpStatusCode.BadGateway ? text : null;
        }, cancellation);
        using (JsonDocument failure = JsonDocument.Parse(body))
        {
            JsonElement error = failure.RootElement.GetProperty("error");
            Assert.Equal("store-away", error.GetProperty("reason").GetString());
            Assert.Contains(store.Url, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await AskAsync(agent, "/api/links", cancellation)).Status);

        store.Run();
        await TransferAsync(traffic, port, cancellation);
        await ExpectAsync(store, agent, port, from, [agent], [], cancellation);
    }

    private static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    private static double FirstSeen(JsonElement map, int port) =>
        map.GetProperty("links").EnumerateArray().First(link => link.GetProperty("port").GetInt32() == port).GetProperty("firstSeen").GetDouble();

    private static (string Client, string Server, double ToServer, double ToClient)[] Bytes(JsonElement map, int port) =>
    [
        .. map.GetProperty("links").EnumerateArray().Where(link => link.GetProperty("port").GetInt32() == port).Select(link => (
            map.GetProperty("nodes")[link.GetProperty("client").GetInt32()].GetRawText(),
            map.GetProperty("nodes")[link.GetProperty("server").GetInt32()].GetRawText(),
            link.GetProperty("bytesToServer").GetDouble(),
            link.GetProperty("bytesToClient").GetDouble())).Order(),
    ];

    private static double SumPoints(JsonDocument history, string member)
    {
        JsonElement values = history.RootElement.GetProperty(member);
        Assert.InRange(values.GetArrayLength(), 1, 120);
        return values.EnumerateArray().Where(static point => point.ValueKind == JsonValueKind.Number).Sum(static point => point.GetDouble()) * 15;
    }

    private static async Task ListenAndTransferAsync(TrafficProcess traffic, int port, CancellationToken cancellation)
    {
        await traffic.ListenAsync("[::]", cancellation, port);
        await TransferAsync(traffic, port, cancellation);
    }

    private static async Task TransferAsync(TrafficProcess traffic, int port, CancellationToken cancellation)
    {
        await traffic.AskAsync($"storm 127.0.0.1:{port},[::1]:{port} connections=100 bulk-streams=1 bulk-bytes=3M refused=0", cancellation);
        await traffic.AskAsync("idle", cancellation);
        await traffic.AskAsync("settle", cancellation);
    }

    private static async Task<(HttpStatusCode Status, string Text)> AskAsync(AgentProcess agent, string path, CancellationToken cancellation)
    {
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(agent.At(path), cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(cancellation));
    }

    /// <summary>Waits until the map of what was there since a time equals what the agents say.</summary>
    /// <returns>The map.</returns>
    private static async Task<JsonElement> ExpectAsync(
        StoreProcess store,
        AgentProcess asked,
        int port,
        double from,
        AgentProcess[] agents,
        MetricsPage[] ended,
        CancellationToken cancellation,
        params MetricsPage[] before)
    {
        string expected = "";
        string answer = "";
        string shown = "";
        try
        {
            return await Eventually.GetAsync("the map equals the sum of the agents", Patience, async () =>
            {
                List<MetricsPage> pages = [.. ended.Select(Closed)];
                foreach (AgentProcess agent in agents)
                {
                    pages.Add(await agent.ScrapeAsync(cancellation));
                }

                expected = LinkSums.Show(LinkSums.Expect(port, [.. pages], before));
                HttpStatusCode status;
                (status, answer) = await AskAsync(
                    asked, string.Create(CultureInfo.InvariantCulture, $"/api/links?scope=cluster&from={from:0.###}&to={Now():0.###}"), cancellation);
                if (status != HttpStatusCode.OK)
                {
                    return null;
                }

                using JsonDocument map = JsonDocument.Parse(answer);
                shown = LinkSums.Show(LinkSums.Read(map.RootElement, port));
                return shown.Length > 0 && shown == expected ? new Map(map.RootElement.Clone()) : null;
            }, cancellation) is { } found ? found.Root : default;
        }
        catch (TimeoutException e)
        {
            Assert.Fail($"{e.Message}\nexpected:\n{expected}\nshown:\n{shown}\nanswer: {answer[..Math.Min(answer.Length, 2000)]}\nstore: {store.Log}");
            throw;
        }
    }

    // Of a run that has ended no connection is open.
    private static MetricsPage Closed(MetricsPage page) =>
        new([.. page.Samples.Where(static sample => sample.Name != "caretta_link_connections")]);

    private sealed record Map(JsonElement Root);
}
