using System.Globalization;
using System.Text.Json;

using Caretta.Map.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Map.Tests;

/// <summary><c>caretta map --store</c>: straight from a real VictoriaMetrics that scrapes real agents.</summary>
public sealed class StoreCommandTests
{
    private const string Store = "victoria-metrics";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_formats_say_what_the_agents_counted()
    {
        await using Scene scene = await Scene.StartAsync();
        double from = scene.Start;
        await scene.Traffic.ListenAsync("[::]", Cancellation, scene.Port);
        await scene.TransferAsync(scene.Port);
        double to = await scene.ExpectAsync(scene.Port, from);

        // The same range again: whatever the format, it is the same map.
        string[] range = ["--from", Seconds(from), "--to", Seconds(to), "--port", Text(scene.Port)];
        using JsonDocument map = JsonDocument.Parse(await scene.MapAsync([.. range, "--format", "json"]));
        LinkSums[] sums = [.. LinkSums.Read(map.RootElement, scene.Port).Values];
        Assert.Equal(2, map.RootElement.GetProperty("agents").GetArrayLength());
        string[] lines = (await scene.MapAsync([.. range, "--format", "csv"])).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        int toServer = Array.IndexOf(lines[0].Split(','), "bytes_to_server");
        Assert.Equal(
            sums.Select(static link => (link.ToServer, link.ToClient)).Order(),
            lines[1..].Select(line => (Number(line, toServer), Number(line, toServer + 1))).Order());
        string table = await scene.MapAsync(range);
        Assert.Equal(sums.Length + 1, table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith("CLIENT", table, StringComparison.Ordinal);
        Assert.Equal(sums.Length, (await scene.MapAsync([.. range, "--format", "dot"])).Split($" [label=\"{scene.Port} · ").Length - 1);
        Assert.Equal(sums.Length, (await scene.MapAsync([.. range, "--format", "mermaid"])).Split($"|\"{scene.Port} · ").Length - 1);
    }

    [Fact]
    public async Task A_comparison_of_two_ranges_tells_what_came_and_what_went()
    {
        await using Scene scene = await Scene.StartAsync();
        await scene.Traffic.ListenAsync("[::]", Cancellation, scene.Port);
        await scene.TransferAsync(scene.Port);
        double between = await scene.ExpectAsync(scene.Port, scene.Start);
        await scene.Traffic.ListenAsync("[::]", Cancellation, scene.LaterPort);
        await scene.TransferAsync(scene.LaterPort);
        double to = await scene.ExpectAsync(scene.LaterPort, between);

        string[] ranges = ["--from", Seconds(between), "--to", Seconds(to), "--diff-from", Seconds(scene.Start), "--diff-to", Seconds(between)];
        Assert.Equal(["gone"], await ChangesAsync(scene.Port, ranges));
        Assert.Equal(["new"], await ChangesAsync(scene.LaterPort, ranges));

        // The range before, of the same length, is what --diff takes by itself; and a map that was written is a map to compare with.
        string[] range = ["--from", Seconds(between), "--to", Seconds(to)];
        Assert.Equal(["new"], await ChangesAsync(scene.LaterPort, [.. range, "--diff"]));
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["map.json"], await scene.MapAsync([.. range, "--format", "json", "--system"]), Cancellation);
        Assert.Equal(["same"], await ChangesAsync(scene.LaterPort, [.. range, "--diff", directory["map.json"]]));

        async Task<string[]> ChangesAsync(int port, string[] flags)
        {
            string[] lines = (await scene.MapAsync([.. flags, "--port", Text(port), "--format", "csv"])).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            int change = Array.IndexOf(lines[0].Split(','), "change");
            return [.. lines[1..].Select(line => line.Split(',')[change]).Distinct()];
        }
    }

    [Fact]
    public async Task A_store_that_goes_away_is_one_clear_line_until_it_is_back()
    {
        await using Scene scene = await Scene.StartAsync();
        await scene.Traffic.ListenAsync("[::]", Cancellation, scene.Port);
        await scene.TransferAsync(scene.Port);
        await scene.ExpectAsync(scene.Port, scene.Start);

        await scene.Store.KillAsync(Cancellation);
        (int code, string text, string remarks) = await MapCommand.RunAsync(["--store", scene.Store.Url], Cancellation);
        Assert.Equal(1, code);
        Assert.Equal("", text);
        Assert.Matches($@"^caretta: map: the store at {scene.Store.Url} cannot be reached: [^\n]+ \(see --store\)$", remarks);

        // It may have lost what it had not written yet; counters say it again.
        scene.Store.Run();
        await scene.TransferAsync(scene.Port);
        await scene.ExpectAsync(scene.Port, scene.Start);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double time) => time.ToString("0.###", CultureInfo.InvariantCulture);

    private static double Number(string line, int column) => double.Parse(line.Split(',')[column], CultureInfo.InvariantCulture);

    /// <summary>Two agents, a store that scrapes both, and what makes traffic.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly AgentProcess[] _agents;

        private Scene(StoreProcess store, AgentProcess[] agents, int port, int laterPort) =>
            (Store, _agents, Port, LaterPort) = (store, agents, port, laterPort);

        public StoreProcess Store { get; }

        public TrafficProcess Traffic { get; } = TrafficProcess.Start();

        public int Port { get; }

        public int LaterPort { get; }

        public double Start { get; } = Now() - 30;

        public static async Task<Scene> StartAsync()
        {
            (int port, int later) = (ChildProcess.FreePort(), ChildProcess.FreePort());
            int[] ports = [ChildProcess.FreePort(), ChildProcess.FreePort()];
            StoreProcess store = await StoreProcess.StartAsync(StoreCommandTests.Store, [port, later], ports);
            return new Scene(store, await Task.WhenAll(ports.Select(static port => AgentProcess.StartAsync(port, Cancellation))), port, later);
        }

        public async Task TransferAsync(int port)
        {
            await Traffic.AskAsync($"storm 127.0.0.1:{port},[::1]:{port} connections=20 bulk-streams=1 bulk-bytes=1M refused=0", Cancellation);
            await Traffic.AskAsync("idle", Cancellation);
            await Traffic.AskAsync("settle", Cancellation);
        }

        public async Task<string> MapAsync(string[] flags)
        {
            (int code, string text, string remarks) = await MapCommand.RunAsync(["--store", Store.Url, .. flags], Cancellation);
            Assert.True(code == 0, $"{code}: {remarks}");
            return text;
        }

        /// <summary>Waits until the store shows what the agents counted of a port.</summary>
        /// <returns>A time at which it did.</returns>
        public async Task<double> ExpectAsync(int port, double from)
        {
            string expected = "";
            string shown = "";
            try
            {
                return (double)await Eventually.GetAsync("the store shows what the agents counted", Patience, async () =>
                {
                    MetricsPage[] pages = await Task.WhenAll(_agents.Select(static agent => agent.ScrapeAsync(Cancellation)));
                    double to = Now();
                    expected = LinkSums.Show(LinkSums.Expect(port, pages));
                    string[] flags = ["--store", Store.Url, "--from", Seconds(from), "--to", Seconds(to), "--format", "json", "--system"];
                    (int code, string text, string remarks) = await MapCommand.RunAsync(flags, Cancellation);
                    if (code != 0)
                    {
                        shown = remarks;
                        return null;
                    }

                    using JsonDocument map = JsonDocument.Parse(text);
                    shown = LinkSums.Show(LinkSums.Read(map.RootElement, port));
                    return expected.Length > 0 && shown == expected ? (object)to : null;
                }, Cancellation);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"expected:\n{expected}\nshown:\n{shown}\nstore: {Store.Log}");
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Traffic.DisposeAsync();
            foreach (AgentProcess agent in _agents)
            {
                await agent.DisposeAsync();
            }

            await Store.DisposeAsync();
        }

        private static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
    }
}
