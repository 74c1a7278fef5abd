namespace Caretta.Aot.Store;

/// <summary>The counters of a link.</summary>
internal enum LinkCounter
{
    /// <summary>Bytes sent by the end that counts.</summary>
    Sent,

    /// <summary>Bytes received by the end that counts.</summary>
    Received,

    /// <summary>Connections established.</summary>
    Opened,

    /// <summary>Connections closed.</summary>
    Closed,

    /// <summary>Connects that failed.</summary>
    Failed,
}
