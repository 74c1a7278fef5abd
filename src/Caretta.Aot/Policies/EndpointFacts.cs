namespace Caretta.Aot.Policies;

/// <summary>Addresses behind a service that has no selector, and a port on which all of them listen.</summary>
/// <param name="PortName">Name of the service's port that leads there; empty where it has none.</param>
/// <param name="Port">The port.</param>
/// <param name="Addresses">The addresses.</param>
internal sealed record EndpointFacts(string PortName, int Port, IReadOnlyList<string> Addresses);
