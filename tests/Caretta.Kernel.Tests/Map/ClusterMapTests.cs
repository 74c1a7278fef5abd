using System.Globalization;
using System.Text.Json;

using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Map;

/// <summary>The map of the cluster, out of real stores that scrape real agents, is the sum of what the agents say.</summary>
public sealed class ClusterMapTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Stores => ["prometheus", "victoria-metrics"];

    [KernelTheory]
    [MemberData(nameof(Stores))]
    public async Task It_is_the_sum_of_several_agents_also_when_one_restarts(string program)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        double begin = Now();
        int storePort = ChildProcess.FreePort();
        string[] flags = ["--prometheus-url", $"http://127.0.0.1:{storePort}"];
        await using RunningAgent steady = await RunningAgent.StartAsync(TimeSpan.FromSeconds(0.1), cancellation, flags);
        RunningAgent restarted = await RunningAgent.StartAsync(TimeSpan.FromSeconds(0.1), cancellation, flags);
        try
        {
            await using ChildProcess store = await StartStoreAsync(program, directory, storePort, [steady.Port, restarted.Port], cancellation);
            await using TrafficProcess traffic = TrafficProcess.Start();
            int port = await traffic.ListenAsync("127.0.0.1", cancellation);
            await StormAsync(traffic, port, cancellation);
            Account first = await ReadAsync(steady, port, cancellation);
            Account lost = await ReadAsync(restarted, port, cancellation);
            await ExpectAsync(steady, store, port, begin, first + lost, cancellation);

            // The second agent begins anew under the same name: what it had counted still counts.
            int agentPort = restarted.Port;
            await restarted.DisposeAsync();
            restarted = await RunningAgent.StartAsync(
                TimeSpan.FromSeconds(0.1), environment: null, launcher: [], flags, agentPort, cancellation);
            await StormAsync(traffic, port, cancellation);
            Account second = await ReadAsync(steady, port, cancellation);
            Account anew = await ReadAsync(restarted, port, cancellation);
            Assert.True(anew.ToServer > 0 && anew.ToServer < second.ToServer, $"{anew} of {second}");
            double middle = await ExpectAsync(steady, store, port, begin, second + lost + anew, cancellation);

            // A range that begins later: only what came within.
            await StormAsync(traffic, port, cancellation);
            Account third = await ReadAsync(steady, port, cancellation);
            Account last = await ReadAsync(restarted, port, cancellation);
            await ExpectAsync(steady, store, port, middle, third - second + (last - anew), cancellation);

            await store.KillAsync(cancellation);
            JsonElement away = await AskAsync(steady, "/api/links?scope=cluster", cancellation);
            Assert.Equal("store-away", away.GetProperty("error").GetProperty("reason").GetString());
            Assert.False(steady.HasExited);
            await using ChildProcess back = await StartStoreAsync(program, directory, storePort, [steady.Port, restarted.Port], cancellation);

            // A store that is killed may have lost what it had not written yet: what matters is that it is asked again.
            await Eventually.GetAsync("the store answers again", Patience, async () =>
                (await AskAsync(steady, "/api/links?scope=cluster", cancellation)).TryGetProperty("error", out _) ? null : back, cancellation);
        }
        finally
        {
            await restarted.DisposeAsync();
        }
    }

    private static async Task StormAsync(TrafficProcess traffic, int port, CancellationToken cancellation)
    {
        await traffic.AskAsync($"storm 127.0.0.1:{port} connections=100 bulk-streams=1 bulk-bytes=4M refused=0", cancellation);
        await traffic.AskAsync("idle", cancellation);
        await traffic.AskAsync("settle", cancellation);
    }

    /// <summary>What an agent's own page says, once two polls in a row say the same.</summary>
    private static async Task<Account> ReadAsync(RunningAgent agent, int port, CancellationToken cancellation)
    {
        Account? before = null;
        return await Eventually.GetAsync("the agent's counters are at rest", Patience, async () =>
        {
            MetricsPage page = await agent.ScrapeAsync(cancellation);
            string polls = page.Samples.Single(static sample => sample.Name == "caretta_polls_made").Value.ToString(CultureInfo.InvariantCulture);
            var account = new Account(
                Sum(page, "caretta_links_observed", port, "1"),
                Sum(page, "caretta_link_received_bytes_total", port, "1"),
                Sum(page, "caretta_link_connections_opened_total", port, "1"),
                Sum(page, "caretta_link_connections_closed_total", port, "1"))
            { Polls = polls };
            Account? last = before;
            before = account.Polls == before?.Polls ? before : account;
            return last is not null && last.Polls != account.Polls && last with { Polls = "" } == account with { Polls = "" }
                && account.Opened == account.Closed && account.Opened > 0 ? account : null;
        }, cancellation);
    }

    private static double Sum(MetricsPage page, string family, int port, string role) => page.Samples
        .Where(sample => sample.Name == family && sample.Label("role") == role
            && sample.Label("server_port") == port.ToString(CultureInfo.InvariantCulture))
        .Sum(static sample => sample.Value);

    /// <returns>A time at which the store had everything.</returns>
    private static async Task<double> ExpectAsync(
        RunningAgent agent, ChildProcess store, int port, double from, Account expected, CancellationToken cancellation)
    {
        string last = "nothing";
        try
        {
            return (double)await Eventually.GetAsync("the store shows what the agents counted", Patience, async () =>
            {
                Assert.False(store.HasExited, store.Log);
                double to = Now();
                JsonElement answer = await AskAsync(agent, string.Create(
                    CultureInfo.InvariantCulture, $"/api/links?scope=cluster&from={from:F3}&to={to:F3}"), cancellation);
                last = answer.GetRawText();
                if (answer.TryGetProperty("error", out _))
                {
                    return null;
                }

                JsonElement[] links = [.. answer.GetProperty("links").EnumerateArray().Where(link => link.GetProperty("port").GetInt32() == port)];
                var seen = new Account(
                    Total(links, "bytesToServer"), Total(links, "bytesToClient"), Total(links, "opened"), Total(links, "closed"));
                last = $"{seen} in {links.Length} links";
                return seen == expected with { Polls = "" } ? (object)to : null;
            }, cancellation);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"expected {expected}, got {last}; log: {store.Log}");
            throw;
        }
    }

    private static double Total(JsonElement[] links, string member) => links.Sum(link => link.GetProperty(member).GetDouble());

    private static async Task<JsonElement> AskAsync(RunningAgent agent, string path, CancellationToken cancellation)
    {
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.GetAsync(new Uri(agent.Metrics, path), cancellation);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellation));
        return document.RootElement.Clone();
    }

    private static async Task<ChildProcess> StartStoreAsync(
        string program, TemporaryDirectory directory, int port, int[] agents, CancellationToken cancellation)
    {
        string targets = string.Join(", ", agents.Select(static agent => $"\"127.0.0.1:{agent}\""));
        await File.WriteAllTextAsync(directory["scrape.yml"], $"""
            global:
              scrape_interval: 1s
              scrape_timeout: 1s
            scrape_configs:
              - job_name: caretta
                static_configs:
                  - targets: [{targets}]

            """, cancellation);
        string data = directory["data-" + program];
        return program == "prometheus"
            ? new ChildProcess(program, [$"--config.file={directory["scrape.yml"]}", $"--storage.tsdb.path={data}", $"--web.listen-address=127.0.0.1:{port}"])
            : new ChildProcess(program, [
                $"-promscrape.config={directory["scrape.yml"]}", $"-storageDataPath={data}", $"-httpListenAddr=127.0.0.1:{port}"]);
    }

    private static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    private sealed record Account(double ToServer, double ToClient, double Opened, double Closed)
    {
        public string Polls { get; init; } = "";

        public static Account operator +(Account left, Account right) =>
            new(left.ToServer + right.ToServer, left.ToClient + right.ToClient, left.Opened + right.Opened, left.Closed + right.Closed);

        public static Account operator -(Account left, Account right) =>
            new(left.ToServer - right.ToServer, left.ToClient - right.ToClient, left.Opened - right.Opened, left.Closed - right.Closed);
    }
}
