namespace Caretta.Aot.Store;

/// <summary>Which link, seen from which end: the labels of the map.</summary>
/// <param name="ClientName">Name of the client.</param>
/// <param name="ClientNamespace">Namespace of the client.</param>
/// <param name="ClientKind">Kind of the client.</param>
/// <param name="ClientOwner">Owner of the client, or empty.</param>
/// <param name="ServerName">Name of the server.</param>
/// <param name="ServerNamespace">Namespace of the server.</param>
/// <param name="ServerKind">Kind of the server.</param>
/// <param name="Port">Port the server listens on.</param>
/// <param name="Role">1 seen from the client, 2 seen from the server.</param>
internal readonly record struct ObservedEnds(
    string ClientName,
    string ClientNamespace,
    string ClientKind,
    string ClientOwner,
    string ServerName,
    string ServerNamespace,
    string ServerKind,
    ushort Port,
    byte Role);
