namespace Caretta.Aot.Store;

/// <summary>What a question to the store may take.</summary>
internal sealed record StoreLimits
{
    /// <summary>For a whole question, all its queries together.</summary>
    public TimeSpan Question { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For a connection to be there.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest answer to a query in bytes, unpacked.</summary>
    public long MaxBytes { get; init; } = 64 << 20;

    /// <summary>Most series in an answer to a query.</summary>
    public int MaxSeries { get; init; } = 100_000;
}
