namespace Caretta.Aot.Dns;

/// <summary>Sizes and times of <see cref="ReverseDns"/>. Immutable.</summary>
internal sealed record ReverseDnsLimits
{
    /// <summary>Addresses remembered.</summary>
    public int MaxAddresses { get; init; } = 8192;

    /// <summary>Addresses that wait to be asked for.</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>Lookups at a time; each may keep a thread of the pool for as long as the system's resolver waits.</summary>
    public int MaxLookups { get; init; } = 4;

    /// <summary>How long a name is good.</summary>
    public TimeSpan RememberName { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long before an address without a name is asked for again.</summary>
    public TimeSpan RememberFailure { get; init; } = TimeSpan.FromMinutes(5);
}
