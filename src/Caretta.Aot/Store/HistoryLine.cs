namespace Caretta.Aot.Store;

/// <summary>The lines of a history.</summary>
internal enum HistoryLine
{
    /// <summary>Bytes per second from clients to servers.</summary>
    ToServer,

    /// <summary>Bytes per second from servers to clients.</summary>
    ToClient,

    /// <summary>Connections established per second.</summary>
    Opened,

    /// <summary>Connects that failed per second.</summary>
    Failed,
}
