namespace Caretta.Aot.Policies;

/// <summary>One port of a service.</summary>
/// <param name="Name">Its name; empty where it has none.</param>
/// <param name="Protocol"><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</param>
/// <param name="Port">Where the service listens.</param>
/// <param name="Target">Where its pods do: a number, or the name of a container's port.</param>
internal sealed record ServicePortFacts(string Name, string Protocol, int Port, string Target);
