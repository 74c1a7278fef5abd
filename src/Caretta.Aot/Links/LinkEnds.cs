namespace Caretta.Aot.Links;

/// <summary>Both ends of a link by workload number.</summary>
/// <param name="Client">Workload that connected.</param>
/// <param name="Server">Workload that accepted.</param>
/// <param name="Provisional">A better answer may come: ask again when the link is next active.</param>
internal readonly record struct LinkEnds(int Client, int Server, bool Provisional = false);
