using Caretta.Aot.Json;

namespace Caretta.Aot.Kubernetes;

/// <summary>Time and size limits towards the API server.</summary>
internal sealed record ApiClientOptions
{
    /// <summary>To a TCP and TLS connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From a request to the head of its response. A server under load takes long to start a list.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between two pieces of a response that is not a watch.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For a whole response that is not a watch; 20,000 pods are 125 MB before compression.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest delay a server may ask for; more counts as this.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How much of an error's body is read for its message, in bytes.</summary>
    public int MaxErrorBytes { get; init; } = 16 * 1024;

    /// <summary>Limits of the JSON in small responses.</summary>
    public JsonLimits SmallJson { get; init; } = new() { BufferBytes = 16 * 1024, MaxStringBytes = 4 << 20, MaxValueBytes = 16 << 20 };

    /// <summary>Limits of the JSON in lists and watches.</summary>
    public JsonLimits StreamJson { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
