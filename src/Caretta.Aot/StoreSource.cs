using System.Buffers;
using Caretta.Aot.Export;
using Caretta.Aot.Kubernetes;
using Caretta.Aot.Map;
using Caretta.Aot.Store;

namespace Caretta.Aot;

/// <summary>The map of a cluster straight from the store, without an agent: <c>caretta map --store</c>.</summary>
internal sealed class StoreSource : IMapSource
{
    private const double UsualRange = 300;

    private readonly StoreClient _store;

    /// <summary>Connects to nothing yet.</summary>
    /// <param name="url">Where the store is; may hold credentials.</param>
    public StoreSource(string url) => _store = new StoreClient(url, new StoreLimits());

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    /// <inheritdoc/>
    public async Task<SeenMap> GetLinksAsync(bool isCluster, double? from, double? to, CancellationToken cancel)
    {
        double now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        double end = Math.Round(to ?? now, 3);
        double begin = Math.Round(from ?? (end - UsualRange), 3);
        try
        {
            LinkMap map = await ClusterMap.ReadAsync(_store, begin, end, now, cancel).ConfigureAwait(false);

            // In the form in which an agent would tell it: there is one reader.
            var json = new ArrayBufferWriter<byte>();
            MapJson.Write(map, json);
            return SeenMapReader.Parse(json.WrittenSpan.ToArray());
        }
        catch (MapException failure)
        {
            // The advice is for agents, which have a setting where this command has a flag.
            throw new AgentAwayException(failure.Message.Replace("PROMETHEUS_URL", "--store", StringComparison.Ordinal));
        }
    }

    /// <inheritdoc/>
    public async Task<string> GetPoliciesAsync(
        bool isCluster, double? from, double? to, IReadOnlyList<string> namespaces, CancellationToken cancel)
    {
        KubernetesConfig cluster;
        try
        {
            cluster = KubernetesConfig.Find(Environment.GetEnvironmentVariable, TimeProvider.System)
                ?? throw new AgentAwayException("network policies need the selectors of the cluster's workloads: set KUBECONFIG, or ask an agent instead");
        }
        catch (KubernetesConfigException failure)
        {
            throw new AgentAwayException(failure.Message);
        }

        SeenMap map = await GetLinksAsync(isCluster, from, to, cancel).ConfigureAwait(false);
        try
        {
            return await PolicyAnswers.WriteAsync(cluster, map, namespaces, cancel).ConfigureAwait(false);
        }
        catch (Exception failure) when (ApiClient.IsTransient(failure))
        {
            throw new AgentAwayException("the API server: " + ApiClient.Describe(failure));
        }
    }
}
