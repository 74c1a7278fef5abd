using System.Globalization;

using Caretta.Testing;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>
/// Connections between pods of a made-up cluster, which stay open, each between other workloads. Both ends are in one network namespace,
/// where all pods' addresses are local: like containers of which the cgroup v2 tree does not tell, they go by their addresses. Needs root.
/// </summary>
internal sealed class ScaleTraffic : IAsyncDisposable
{
    private const int Port = 7019;
    private const string PodAddresses = "10.64.0.0/15";      // of ScaleCluster

    private readonly NetworkNamespace _pods;
    private readonly TrafficProcess _process;
    private readonly int _connections;

    private ScaleTraffic(NetworkNamespace pods, TrafficProcess process, int connections) =>
        (_pods, _process, _connections) = (pods, process, connections);

    /// <summary>Links that an agent shows of it: one for each end.</summary>
    public int Links => _connections * 2;

    /// <summary>Opens so many connections between pods that run.</summary>
    /// <param name="cluster">Whose pods; its first version.</param>
    /// <param name="connections">At most two and a half for each workload.</param>
    /// <param name="lifetime">How long it takes at most, until all are closed again.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<ScaleTraffic> OpenAsync(ScaleCluster cluster, int connections, TimeSpan lifetime, CancellationToken cancellation)
    {
        var pods = NetworkNamespace.Create();
        TrafficProcess? process = null;
        try
        {
            pods.Run("ip", "route", "add", "local", PodAddresses, "dev", "lo");
            process = TrafficProcess.Start(pods.Name, deadline: lifetime);
            await process.ListenAsync("0.0.0.0", cancellation, Port);
            for (int i = 0; i < connections; i++)
            {
                // Another server for each round through the workloads of the clients.
                int server = ((3 * i) + (11 * (i / cluster.Shape.Workloads)) + 1) % cluster.Shape.Pods;
                await process.AskAsync(
                    string.Create(CultureInfo.InvariantCulture, $"connect c{i} v4 {AddressOf(server)}:{Port} {AddressOf(i)}"), cancellation);
            }

            return new ScaleTraffic(pods, process, connections);
        }
        catch
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }

            pods.Dispose();
            throw;
        }

        string AddressOf(int pod) => cluster.Describe(cluster.PodAt(pod, ScaleCluster.FirstVersion))[ObjectField.Ip];
    }

    /// <summary>Sends something over each connection, there and back.</summary>
    public async Task ExchangeAsync(CancellationToken cancellation)
    {
        for (int i = 0; i < _connections; i++)
        {
            await _process.AskAsync(string.Create(CultureInfo.InvariantCulture, $"exchange c{i} 10 10"), cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _pods.Dispose();
    }
}
