namespace Caretta.Aot.Export;

/// <summary>What an export tells of an agent that counted.</summary>
/// <param name="Node">Where it runs; null where that is not known.</param>
/// <param name="Tier">Its tier; null where that is not known.</param>
/// <param name="StartTime">When it started, in seconds since 1970; null where that is not known.</param>
/// <param name="LostUpdates">Updates lost.</param>
/// <param name="LostConnections">Connections that could not be tracked.</param>
/// <param name="LostBytes">Bytes that are in no link.</param>
/// <param name="MissedEvents">Runs of programs that the kernel skipped.</param>
internal sealed record SeenAgent(
    string? Node, string? Tier, double? StartTime, double LostUpdates, double LostConnections, double LostBytes, double MissedEvents)
{
    /// <summary>Whether something may be missing in its links.</summary>
    public bool HasLosses => LostUpdates + LostConnections + LostBytes + MissedEvents > 0;
}
