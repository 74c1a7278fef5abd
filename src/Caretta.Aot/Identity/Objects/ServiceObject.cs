namespace Caretta.Aot.Identity.Objects;

/// <summary>What is used of a service. Immutable; any thread.</summary>
/// <param name="Uid">The service's uid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Addresses">
/// Where clients reach it: <c>spec.clusterIPs</c> (or <c>clusterIP</c>), <c>spec.externalIPs</c> and the addresses in
/// <c>status.loadBalancer.ingress</c>, each once. Empty for a headless service without others.
/// </param>
/// <param name="IsHeadless">Whether its cluster address is <c>None</c>: clients talk to the pods behind it.</param>
/// <param name="SharedPorts">
/// Its TCP ports, where some address is not the cluster's own: services may share such a one, each with ports of its own. Empty for most.
/// </param>
internal sealed record ServiceObject(
    Uid Uid, string Name, string Namespace, NetAddress[] Addresses, bool IsHeadless, params ushort[] SharedPorts);
