namespace Caretta.Aot.Export;

/// <summary>Where a map comes from: an agent, or a store.</summary>
internal interface IMapSource : IDisposable
{
    /// <summary>Who talks to whom.</summary>
    /// <param name="isCluster">The whole cluster, not the agent's own table.</param>
    /// <param name="from">Begin of the range, in seconds since 1970; null for the usual one.</param>
    /// <param name="to">Its end; null with <paramref name="from"/>.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="AgentAwayException">There is no answer; the message says why.</exception>
    Task<SeenMap> GetLinksAsync(bool isCluster, double? from, double? to, CancellationToken cancel);

    /// <summary>Network policies out of the same, as YAML.</summary>
    /// <param name="isCluster">As above.</param>
    /// <param name="from">As above.</param>
    /// <param name="to">As above.</param>
    /// <param name="namespaces">Those that get policies; empty for all but the system's.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="AgentAwayException">There is no answer; the message says why.</exception>
    Task<string> GetPoliciesAsync(bool isCluster, double? from, double? to, IReadOnlyList<string> namespaces, CancellationToken cancel);
}
