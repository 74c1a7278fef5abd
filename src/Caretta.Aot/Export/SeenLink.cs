namespace Caretta.Aot.Export;

/// <summary>One link of a map, with the members of docs/api.md.</summary>
internal sealed record SeenLink
{
    /// <summary>Who connects.</summary>
    public required SeenNode Client { get; init; }

    /// <summary>Who listens.</summary>
    public required SeenNode Server { get; init; }

    /// <summary>Where it listens.</summary>
    public required int Port { get; init; }

    /// <summary><c>client</c>, <c>server</c> or <c>both</c>.</summary>
    public string SeenBy { get; init; } = "both";

    /// <summary>Bytes from the client to the server in the range.</summary>
    public double BytesToServer { get; init; }

    /// <summary>Bytes from the server to the client in the range.</summary>
    public double BytesToClient { get; init; }

    /// <summary>The first per second.</summary>
    public double BytesToServerPerSecond { get; init; }

    /// <summary>The second per second.</summary>
    public double BytesToClientPerSecond { get; init; }

    /// <summary>Connections established in the range.</summary>
    public double Opened { get; init; }

    /// <summary>Connections closed in the range.</summary>
    public double Closed { get; init; }

    /// <summary>Connects that failed in the range.</summary>
    public double Failed { get; init; }

    /// <summary>Connections open at its end.</summary>
    public double Open { get; init; }

    /// <summary>Connections established per second.</summary>
    public double OpenedPerSecond { get; init; }

    /// <summary>Connects that failed per second.</summary>
    public double FailedPerSecond { get; init; }

    /// <summary>When it was first seen, in seconds since 1970.</summary>
    public double FirstSeen { get; init; }

    /// <summary>When it was last seen.</summary>
    public double LastSeen { get; init; }

    /// <summary>Bytes both ways.</summary>
    public double Bytes => BytesToServer + BytesToClient;

    /// <summary>Bytes per second both ways.</summary>
    public double Rate => BytesToServerPerSecond + BytesToClientPerSecond;

    /// <summary>Whether a connection was ever there, and not only an attempt at one.</summary>
    public bool WasConnected => Bytes > 0 || Opened > 0 || Closed > 0 || Open > 0;

    /// <summary>Whether connects fail: in the time that rates cover, or ever without anything that came back.</summary>
    public bool IsFailing => FailedPerSecond > 0 || (Failed > 0 && BytesToClient == 0);
}
