namespace Caretta.Aot.Json;

/// <summary>What <see cref="JsonStream"/> puts up with.</summary>
internal sealed record JsonLimits
{
    /// <summary>Size of the one buffer in bytes, and so the longest string that is kept.</summary>
    public int BufferBytes { get; init; } = 32 * 1024;

    /// <summary>
    /// Longest string that is skipped; a longer one ends the reading. etcd takes requests of 1.5 MiB by default, so no honest string
    /// comes near.
    /// </summary>
    public long MaxStringBytes { get; init; } = 16 << 20;

    /// <summary>Longest value: a page of a list, or one event of a watch. Time limits bound a stream better; this only ends the endless.</summary>
    public long MaxValueBytes { get; init; } = 4L << 30;

    /// <summary>Deepest nesting. A pod needs about 20 levels.</summary>
    public int MaxDepth { get; init; } = 64;
}
