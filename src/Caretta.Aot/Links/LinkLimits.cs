namespace Caretta.Aot.Links;

/// <summary>What keeps <see cref="LinkTable"/> small. Immutable.</summary>
internal sealed record LinkLimits
{
    /// <summary>Kernel keys kept at rest before idle ones are forgotten: about 12 MB at worst. Keys with open connections always stay.</summary>
    public int MaxKeys { get; init; } = 65536;

    /// <summary>Links shown, not counting the one per role that takes the rest.</summary>
    public int MaxLinks { get; init; } = 10_000;

    /// <summary>Idle time after which a link ends if one of its ends is gone and no connection is open; zero for never.</summary>
    public TimeSpan LinkTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Count loopback connections but make no links of them, as a cluster wants it.</summary>
    public bool SkipLoopback { get; init; }
}
