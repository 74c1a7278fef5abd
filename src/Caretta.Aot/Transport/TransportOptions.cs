using System.Net.Security;

namespace Caretta.Aot.Transport;

/// <summary>Limits towards a server.</summary>
internal sealed record TransportOptions
{
    /// <summary>To a TCP connection, and TLS over it.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection is kept that nobody uses.</summary>
    public TimeSpan KeepIdle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most connections at a time; further requests wait for one.</summary>
    public int MaxConnections { get; init; } = 8;

    /// <summary>Longest head of a response in bytes.</summary>
    public int MaxHeadBytes { get; init; } = 16 * 1024;

    /// <summary>
    /// Whether TCP asks the peer for a sign of life where nothing comes, and notices within half a minute that it is gone: for responses
    /// that last.
    /// </summary>
    public bool KeepAlive { get; init; }

    /// <summary>How TLS is agreed upon, asked for each connection; without it by the rules of the machine, for the server's name.</summary>
    public Func<SslClientAuthenticationOptions>? Tls { get; init; }
}
