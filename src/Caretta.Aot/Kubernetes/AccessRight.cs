namespace Caretta.Aot.Kubernetes;

/// <summary>Something that the agent asks the API server for.</summary>
/// <param name="Verb">As in RBAC rules.</param>
/// <param name="Resource">The plural.</param>
/// <param name="Group">Its API group; empty for the core group.</param>
/// <param name="IsGranted">Whether it was answered: it may be had, and the server has such a thing.</param>
internal readonly record struct AccessRight(string Verb, string Resource, string Group, bool IsGranted);
