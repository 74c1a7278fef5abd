namespace Caretta.Aot.Kubernetes;

/// <summary>How owners are looked up.</summary>
internal sealed record OwnerLookupOptions
{
    /// <summary>Requests at a time.</summary>
    public int Concurrency { get; init; } = 2;

    /// <summary>Answers kept. The least recently used are forgotten first.</summary>
    public int Capacity { get; init; } = 16 * 1024;

    /// <summary>Questions waiting; further ones are dropped and asked again by whoever wants to know.</summary>
    public int MaxWaiting { get; init; } = 8 * 1024;

    /// <summary>Longest chain of owners that is followed.</summary>
    public int MaxDepth { get; init; } = 8;

    /// <summary>After so long an answer is checked; it holds meanwhile. Objects hardly ever change their controller.</summary>
    public TimeSpan GoodFor { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The same for an owner that may not be read or is not there.</summary>
    public TimeSpan RefusalGoodFor { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>First delay after a failure of the server or the network; doubles with each.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest such delay.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(30);
}
