namespace Caretta.Aot.Metrics;

/// <summary>The metric families that have one series per link; any subset can be exported.</summary>
[Flags]
internal enum LinkFamilies
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><c>caretta_links_observed</c>.</summary>
    LinksObserved = 1,

    /// <summary><c>caretta_tcp_states</c>.</summary>
    TcpStates = 2,

    /// <summary><c>caretta_link_received_bytes_total</c>.</summary>
    ReceivedBytes = 4,

    /// <summary><c>caretta_link_connections_opened_total</c>.</summary>
    ConnectionsOpened = 8,

    /// <summary><c>caretta_link_connections_closed_total</c>.</summary>
    ConnectionsClosed = 16,

    /// <summary><c>caretta_link_connections_failed_total</c>.</summary>
    ConnectionsFailed = 32,

    /// <summary><c>caretta_link_connections</c>.</summary>
    Connections = 64,

    /// <summary>Every family.</summary>
    All = LinksObserved | TcpStates | ReceivedBytes | ConnectionsOpened | ConnectionsClosed | ConnectionsFailed | Connections,
}
