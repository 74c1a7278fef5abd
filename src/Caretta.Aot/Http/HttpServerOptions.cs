using System.Net;

namespace Caretta.Aot.Http;

/// <summary>Where a server listens and how much it puts up with.</summary>
internal sealed record HttpServerOptions
{
    /// <summary>Address to listen on; null is every address, IPv6 and IPv4, or IPv4 alone where the host has no IPv6.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>TCP port; 0 lets the system choose one, see <see cref="HttpServer.EndPoint"/>.</summary>
    public required int Port { get; init; }

    /// <summary>Connections served at once. One more closes the connection that has been idle longest or, if none is, gets 503.</summary>
    public int MaxConnections { get; init; } = 64;

    /// <summary>Longest request line in bytes, line end included.</summary>
    public int MaxRequestLineBytes { get; init; } = 4096;

    /// <summary>Longest request line and headers together in bytes; at most 20 KB, the block into which a scattered head is copied.</summary>
    public int MaxHeadBytes { get; init; } = 16 * 1024;

    /// <summary>Most header lines.</summary>
    public int MaxHeaders { get; init; } = 64;

    /// <summary>Responses compressed at once; one more goes out uncompressed. Each costs some 170 KB.</summary>
    public int MaxGzip { get; init; } = 4;

    /// <summary>From the first byte of a request to the end of its headers; then 408.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection without a request is kept: longer than the usual scrape interval of a minute.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>How long the client may take for one piece of a response, about 16 KB; then the connection is reset.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one response may take altogether; then the connection is reset.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a closing connection waits for the client's end, so that the response can be read first (RFC 9112 §9.6).</summary>
    public TimeSpan LingerTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often time limits are checked, and so how exact they are.</summary>
    public TimeSpan ScanInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a stopping server lets responses finish. Wall-clock time, whatever <see cref="Time"/> says.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Hears of failures that are not a client's: of handlers and of accepting. Called on any thread, possibly often: limit the rate there.
    /// </summary>
    public Action<Exception>? OnError { get; init; }
}
