using System.Net;
using System.Net.Sockets;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;
using Caretta.Traffic.Reports;
using Xunit;
using Xunit.Sdk;

namespace Caretta.Kernel.Tests.Lifecycle;

/// <summary>What the agent costs while it shows a thousand links.</summary>
public sealed class FootprintTests
{
    private const int Connections = 500;
    private const double Megabyte = 1e6;

    [KernelFact]
    public async Task A_thousand_links_fit_in_twenty_megabytes()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        List<Socket> sockets = [];
        try
        {
            // Every connection has a port of its own, so that each is a link of its own at both ends.
            for (int i = 0; i < Connections; i++)
            {
                var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(listener);
                listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                listener.Listen();
                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(client);
                await client.ConnectAsync(listener.LocalEndPoint!, cancellation);
                sockets.Add(await listener.AcceptAsync(cancellation));
            }

            await using RunningAgent agent = await RunningAgent.StartAsync(TimeSpan.FromMilliseconds(100), cancellation);
            using var compressing = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.GZip });
            for (int scrape = 0; scrape < 20; scrape++)
            {
                await agent.ScrapeAsync(cancellation);
                await compressing.GetStringAsync(agent.Metrics, cancellation);
            }

            MetricsPage page = await Eventually.GetAsync(
                "a poll has seen the scrapes",
                TimeSpan.FromSeconds(10),
                async () => await agent.ScrapeAsync(cancellation) is { } now && Value(now, "caretta_agent_scrapes_total") >= 40 ? now : null,
                cancellation);
            int links = page.Samples.Count(static sample => sample.Name == "caretta_links_observed");
            double resident = Value(page, "caretta_agent_resident_memory_bytes");
            TestContext.Current.TestOutputHelper?.WriteLine($"{links} links, {resident / Megabyte:0.0} MB resident");
            Assert.True(links >= 2 * Connections, $"{links} links");
            Assert.True(resident is > 0 and <= 20 * Megabyte, $"{resident / Megabyte:0.0} MB resident");
        }
        finally
        {
            sockets.ForEach(static socket => socket.Dispose());
        }
    }

    private static double Value(MetricsPage page, string name) =>
        page.Samples.FirstOrDefault(sample => sample.Name == name)?.Value ?? throw new XunitException($"no {name} on the page");
}
