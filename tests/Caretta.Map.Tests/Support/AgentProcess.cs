using System.Globalization;

using Caretta.Testing;
using Caretta.Traffic.Reports;

namespace Caretta.Map.Tests.Support;

/// <summary>The published agent at a port that is known before it runs, so that a store can be told.</summary>
internal sealed class AgentProcess : ChildProcess
{
    private readonly int _port;

    private AgentProcess(int port, string[] flags)
        : base(Repository.Artifact("caretta"), [
            "--prometheus-port", port.ToString(CultureInfo.InvariantCulture), "--poll-interval", "0.2", .. flags])
    {
        _port = port;
    }

    /// <summary>Starts it and waits until it is ready.</summary>
    public static async Task<AgentProcess> StartAsync(int port, CancellationToken cancellation, params string[] flags)
    {
        var agent = new AgentProcess(port, flags);
        try
        {
            await Eventually.GetAsync(
                "the agent is ready",
                TimeSpan.FromSeconds(20),
                async () => agent.HasExited ? throw new InvalidOperationException($"the agent ended: {agent.Log}")
                    : await HttpGet.ReadAsync(agent.At("/readyz"), cancellation),
                cancellation);
            return agent;
        }
        catch
        {
            await agent.DisposeAsync();
            throw;
        }
    }

    /// <summary>An address that it serves.</summary>
    public Uri At(string pathAndQuery) => new($"http://127.0.0.1:{_port}{pathAndQuery}");

    /// <summary>What it counted.</summary>
    public Task<MetricsPage> ScrapeAsync(CancellationToken cancellation) => MetricsPage.LoadAsync(At("/metrics").ToString(), cancellation);
}
