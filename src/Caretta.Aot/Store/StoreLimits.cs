namespace Caretta.Aot.Store;

/// <summary>What the store may cost.</summary>
internal sealed record StoreLimits
{
    /// <summary>Longest time for everything that one question needs.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Questions at once; one more is refused.</summary>
    public int Questions { get; init; } = 4;

    /// <summary>Bytes of one answer.</summary>
    public long AnswerBytes { get; init; } = 64 << 20;

    /// <summary>Series in one answer.</summary>
    public int Series { get; init; } = 100_000;

    /// <summary>Samples in one answer, where samples are asked for.</summary>
    public long Samples { get; init; } = 500_000;
}
