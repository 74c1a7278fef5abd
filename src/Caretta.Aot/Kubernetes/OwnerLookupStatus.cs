namespace Caretta.Aot.Kubernetes;

/// <summary>How the lookup of owners is doing: a copy, taken at any time.</summary>
/// <param name="Known">Answers kept.</param>
/// <param name="Waiting">Questions not answered yet.</param>
/// <param name="Answered">Chains followed to their end.</param>
/// <param name="Refused">Owners that may not be read (403) or are not there (404), and so stand at the top of their chain.</param>
/// <param name="Failures">Attempts that failed and were or will be repeated.</param>
/// <param name="LastError">Why the last attempt failed; null while all is well.</param>
internal readonly record struct OwnerLookupStatus(int Known, int Waiting, long Answered, long Refused, long Failures, string? LastError);
