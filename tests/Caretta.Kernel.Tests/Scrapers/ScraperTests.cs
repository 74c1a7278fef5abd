using System.Globalization;
using System.Text.Json;

using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Scrapers;

/// <summary>Real scrapers, as distributions package them, against the published agent: the values must arrive as they were counted.</summary>
public sealed class ScraperTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [KernelFact]
    public async Task Prometheus_stores_what_the_application_counted()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using RunningAgent agent = await RunningAgent.StartAsync(TimeSpan.FromSeconds(0.1), cancellation);
        await WriteConfigurationAsync(directory["prometheus.yml"], agent.Port, cancellation);
        int port = ChildProcess.FreePort();

        await using var prometheus = new ChildProcess("prometheus", [
            $"--config.file={directory["prometheus.yml"]}", $"--storage.tsdb.path={directory["data"]}", $"--web.listen-address=127.0.0.1:{port}"]);

        await ExpectTrafficAsync(prometheus, new Uri($"http://127.0.0.1:{port}/"), cancellation);
    }

    [KernelFact]
    public async Task VictoriaMetrics_stores_what_the_application_counted()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using RunningAgent agent = await RunningAgent.StartAsync(TimeSpan.FromSeconds(0.1), cancellation);
        await WriteConfigurationAsync(directory["scrape.yml"], agent.Port, cancellation);
        int port = ChildProcess.FreePort();

        // Without -search.latencyOffset the newest 30 s are not shown.
        await using var server = new ChildProcess("victoria-metrics", [
            $"-promscrape.config={directory["scrape.yml"]}", $"-storageDataPath={directory["data"]}", $"-httpListenAddr=127.0.0.1:{port}",
            "-search.latencyOffset=1s", "-search.disableCache"]);

        await ExpectTrafficAsync(server, new Uri($"http://127.0.0.1:{port}/"), cancellation);
    }

    [KernelFact]
    public async Task Promtool_has_no_complaint()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var directory = new TemporaryDirectory();
        await using RunningAgent agent = await RunningAgent.StartAsync(TimeSpan.FromSeconds(0.1), cancellation);
        await using TrafficProcess traffic = TrafficProcess.Start();
        int port = await traffic.ListenAsync("127.0.0.1", cancellation);
        await traffic.AskAsync($"storm 127.0.0.1:{port} connections=20 bulk-streams=0 refused=3", cancellation);
        Comparison comparison = await agent.CompareAsync(() => traffic.ReportAsync(cancellation), cancellation);
        Assert.True(comparison.Equal, comparison.ToString());
        await File.WriteAllTextAsync(directory["page"], await HttpGet.ReadAsync(agent.Metrics, cancellation), cancellation);

        await using var promtool = new ChildProcess("sh", ["-c", "exec promtool check metrics <\"$1\"", "sh", directory["page"]]);
        int code = await promtool.WaitAsync(cancellation);

        Assert.True(code == 0 && promtool.Log.Trim().Length == 0, $"exit code {code}: {promtool.Log}");
    }

    private static Task WriteConfigurationAsync(string file, int agentPort, CancellationToken cancellation) => File.WriteAllTextAsync(file, $"""
        global:
          scrape_interval: 1s
          scrape_timeout: 1s
        scrape_configs:
          - job_name: caretta
            static_configs:
              - targets: ["127.0.0.1:{agentPort}"]

        """, cancellation);

    /// <summary>Makes traffic and waits until the scraper's own query interface shows it, byte for byte.</summary>
    private static async Task ExpectTrafficAsync(ChildProcess scraper, Uri api, CancellationToken cancellation)
    {
        await using TrafficProcess traffic = TrafficProcess.Start();
        int port = await traffic.ListenAsync("[::]", cancellation);
        await traffic.AskAsync($"storm 127.0.0.1:{port},[::1]:{port} connections=200 bulk-streams=1 bulk-bytes=8M refused=0", cancellation);
        await traffic.AskAsync("idle", cancellation);
        await traffic.AskAsync("settle", cancellation);
        TrafficReport report = await traffic.ReportAsync(cancellation);

        foreach (Role role in new[] { Role.Client, Role.Server })
        {
            LinkTotals expected = report.Lines.Where(line => line.Key.Role == role && line.Key.ServerPort == port)
                .Aggregate(default(LinkTotals), static (sum, line) => sum + line.Totals);
            await ExpectValueAsync(scraper, api, "caretta_links_observed", port, role, expected.SentBytes, cancellation);
            await ExpectValueAsync(scraper, api, "caretta_link_received_bytes_total", port, role, expected.ReceivedBytes, cancellation);
            await ExpectValueAsync(scraper, api, "caretta_link_connections_closed_total", port, role, expected.Closed, cancellation);
        }
    }

    private static async Task ExpectValueAsync(ChildProcess scraper, Uri api, string metric, int port, Role role, long expected, CancellationToken cancellation)
    {
        using var client = new HttpClient();
        string query = $"sum({metric}{{job=\"caretta\",server_port=\"{port}\",role=\"{(int)role}\"}})";
        var url = new Uri(api, $"api/v1/query?query={Uri.EscapeDataString(query)}");
        string last = "nothing";
        try
        {
            await Eventually.GetAsync(query, Patience, async () =>
            {
                Assert.False(scraper.HasExited, scraper.Log);
                using JsonDocument answer = JsonDocument.Parse(last = await client.GetStringAsync(url, cancellation));
                JsonElement result = answer.RootElement.GetProperty("data").GetProperty("result");
                string? value = result.GetArrayLength() == 1 ? result[0].GetProperty("value")[1].GetString() : null;
                return value is not null && decimal.Parse(value, NumberStyles.Float, CultureInfo.InvariantCulture) == expected ? value : null;
            }, cancellation);
        }
        catch (TimeoutException e)
        {
            Assert.Fail($"{e.Message}: expected {expected}, last answer {last}; log: {scraper.Log}");
        }
    }
}
