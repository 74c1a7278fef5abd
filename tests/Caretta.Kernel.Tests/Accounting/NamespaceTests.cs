using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Accounting;

/// <summary>Two pairs of network namespaces that use the very same addresses and port: an end is known by who owns it.</summary>
public sealed class NamespaceTests
{
    private const int Port = 7000;

    [KernelFact]
    public Task IPv4_addresses_used_twice_keep_their_owners_apart() => ExpectOwnersAsync("v4", "10.99.0.1", "10.99.0.2", 24, adopted: false);

    [KernelFact]
    public Task IPv6_addresses_used_twice_keep_their_owners_apart() => ExpectOwnersAsync("v6", "fd99::1", "fd99::2", 64, adopted: false);

    [KernelFact]
    public Task Adopted_connections_keep_their_owners_apart() => ExpectOwnersAsync("v4", "10.99.0.1", "10.99.0.2", 24, adopted: true);

    private static async Task ExpectOwnersAsync(string form, string clientAddress, string serverAddress, int prefix, bool adopted)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var programs = new TemporaryDirectory();
        await using var one = new Pair("one", programs, $"{clientAddress}/{prefix}", $"{serverAddress}/{prefix}");
        await using var two = new Pair("two", programs, $"{clientAddress}/{prefix}", $"{serverAddress}/{prefix}");
        string server = serverAddress.Contains(':', StringComparison.Ordinal) ? $"[{serverAddress}]" : serverAddress;
        Pair[] pairs = [one, two];

        RunningAgent? agent = adopted ? null : await RunningAgent.StartAsync(TimeSpan.FromMilliseconds(20), cancellation);
        try
        {
            foreach (Pair pair in pairs)
            {
                await pair.Server.ListenAsync(server, cancellation, Port);
                await pair.Client.AskAsync($"connect c {form} {server}:{Port}", cancellation);
            }

            var before = new TrafficReport([]);
            Dictionary<Pair, TrafficReport> baselines = pairs.ToDictionary(static pair => pair, _ => before);
            if (agent is null)
            {
                foreach (Pair pair in pairs)
                {
                    baselines[pair] = await pair.ReportAsync(cancellation);
                }

                agent = await RunningAgent.StartAsync(TimeSpan.FromMilliseconds(20), cancellation);
            }

            await one.Client.AskAsync("exchange c 1111 100000", cancellation);
            await two.Client.AskAsync("exchange c 2222 5", cancellation);

            foreach (Pair pair in pairs)
            {
                Comparison comparison = await agent.CompareAsync(
                    async () => (await pair.ReportAsync(cancellation)).Since(baselines[pair]),
                    cancellation,
                    new ComparisonScope { ClientName = $"client-{pair.Name}", ServerName = $"server-{pair.Name}" });
                Assert.True(comparison.Equal, $"pair {pair.Name}: {comparison}\n{await ShowAsync(agent, cancellation)}");
            }
        }
        finally
        {
            if (agent is not null)
            {
                await agent.DisposeAsync();
            }
        }
    }

    private static async Task<string> ShowAsync(RunningAgent agent, CancellationToken cancellation) =>
        string.Join('\n', (await agent.ScrapeAsync(cancellation)).Samples
            .Where(static sample => sample.Name == "caretta_links_observed" && sample.Label("server_port") == "7000")
            .Select(static sample => $"{sample} {sample.Value}"));

    /// <summary>A client and a server, each in a namespace and under a process name of its own.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly NetworkNamespace _clientSide = NetworkNamespace.Create();
        private readonly NetworkNamespace _serverSide = NetworkNamespace.Create();

        public Pair(string name, TemporaryDirectory programs, string clientAddress, string serverAddress)
        {
            Name = name;
            try
            {
                _clientSide.Join(_serverSide, clientAddress, serverAddress);
                Client = Start($"client-{name}", _clientSide);
                Server = Start($"server-{name}", _serverSide);
            }
            catch
            {
                // Namespaces outlive the process that made them.
                _clientSide.Dispose();
                _serverSide.Dispose();
                throw;
            }

            TrafficProcess Start(string process, NetworkNamespace side)
            {
                File.Copy(Repository.Artifact("caretta-traffic"), programs[process]);
                TrafficProcess traffic = TrafficProcess.Start(side.Name, programs[process]);
                RootCgroup.Adopt(traffic.Id);
                return traffic;
            }
        }

        public string Name { get; }

        public TrafficProcess Client { get; }

        public TrafficProcess Server { get; }

        /// <summary>Both ends' counts.</summary>
        public async Task<TrafficReport> ReportAsync(CancellationToken cancellation) =>
            (await Client.ReportAsync(cancellation)).Concat(await Server.ReportAsync(cancellation));

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Server.DisposeAsync();
            _clientSide.Dispose();
            _serverSide.Dispose();
        }
    }
}
