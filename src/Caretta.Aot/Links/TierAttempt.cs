namespace Caretta.Aot.Links;

/// <summary>A tier that was tried, or ruled out beforehand.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Refusal">Why it does not run; null if it does.</param>
/// <param name="ErrorName">The kernel's error behind that, e.g. <c>EPERM</c>; null for none.</param>
internal sealed record TierAttempt(TierKind Kind, string? Refusal, string? ErrorName = null);
