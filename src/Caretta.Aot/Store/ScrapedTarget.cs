namespace Caretta.Aot.Store;

/// <summary>One agent as the store knows it. Empty where a label is missing, which to the store is the same.</summary>
/// <param name="Instance">Label <c>instance</c>.</param>
/// <param name="Job">Label <c>job</c>.</param>
/// <param name="Pod">Label <c>caretta_pod</c>.</param>
internal readonly record struct ScrapedTarget(string Instance, string Job, string Pod);
