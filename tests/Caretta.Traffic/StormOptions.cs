namespace Caretta.Traffic;

/// <summary>How much of what a storm does. The same options and seed give the same connections, sizes and endings.</summary>
internal sealed record StormOptions
{
    /// <summary>Short connections.</summary>
    public long Connections { get; init; } = 20_000;

    /// <summary>How many of them are open at once, at most.</summary>
    public int Concurrency { get; init; } = 32;

    /// <summary>Start of the pseudo-random sequence.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Connections that move <see cref="BulkBytes"/> each way while the short ones come and go.</summary>
    public int BulkStreams { get; init; } = 4;

    /// <summary>Bytes per bulk stream and direction.</summary>
    public long BulkBytes { get; init; } = 64 << 20;

    /// <summary>Connects to a port that nobody listens on.</summary>
    public int Refused { get; init; } = 200;

    /// <summary>Longest request of a short connection, in bytes.</summary>
    public long RequestBytes { get; init; } = 20_000;

    /// <summary>Longest response of a short connection, in bytes.</summary>
    public long ResponseBytes { get; init; } = 60_000;

    /// <exception cref="FormatException">A flag is not a number in range.</exception>
    public static StormOptions From(Flags flags)
    {
        var defaults = new StormOptions();
        var options = new StormOptions
        {
            Connections = flags.GetInt64("connections", defaults.Connections),
            Concurrency = (int)flags.GetInt64("concurrency", defaults.Concurrency),
            Seed = (ulong)flags.GetInt64("seed", (long)defaults.Seed),
            BulkStreams = (int)flags.GetInt64("bulk-streams", defaults.BulkStreams),
            BulkBytes = flags.GetInt64("bulk-bytes", defaults.BulkBytes),
            Refused = (int)flags.GetInt64("refused", defaults.Refused),
            RequestBytes = flags.GetInt64("request-bytes", defaults.RequestBytes),
            ResponseBytes = flags.GetInt64("response-bytes", defaults.ResponseBytes),
        };
        return options.Concurrency is > 0 and <= 1024 ? options : throw new FormatException("--concurrency: expected 1 to 1024");
    }
}
