namespace Caretta.Aot.Kubernetes;

/// <summary>How a reflector is doing: a copy, taken at any time.</summary>
/// <param name="Resource">What it reflects, e.g. <c>pods</c>.</param>
/// <param name="IsSynced">Whether it has ever known all objects. What it knew stays in use while the server is away.</param>
/// <param name="IsWatching">Whether changes are coming in now.</param>
/// <param name="IsDenied">Whether it is not allowed to (403) or there is no such resource (404).</param>
/// <param name="Events">Objects added, changed and deleted, as events; those of lists are not counted.</param>
/// <param name="Listed">Objects received in lists and as initial events.</param>
/// <param name="Resets">Watches that ended, for whatever reason, and had to be begun again.</param>
/// <param name="Lists">Full lists begun, also as initial events.</param>
/// <param name="Skipped">Objects and events that could not be used.</param>
/// <param name="Failures">Attempts that failed.</param>
/// <param name="LastError">Why the last attempt failed; null while all is well.</param>
internal readonly record struct ReflectorStatus(
    string Resource,
    bool IsSynced,
    bool IsWatching,
    bool IsDenied,
    long Events,
    long Listed,
    long Resets,
    long Lists,
    long Skipped,
    long Failures,
    string? LastError);
