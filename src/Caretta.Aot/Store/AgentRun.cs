namespace Caretta.Aot.Store;

/// <summary>One run of an agent that the store saw restarting, as far as it concerns a range.</summary>
/// <param name="Selector">Matchers of its series.</param>
/// <param name="After">Time of the last sample of the run before; the run's own come later.</param>
/// <param name="Until">Time of its last sample, or the end of the range.</param>
internal readonly record struct AgentRun(string Selector, double After, double Until);
