using System.Net.Sockets;

namespace Caretta.Aot.Http;

/// <summary>The server cannot listen where it was told to. The message says why and what to do, in one line.</summary>
internal sealed class HttpBindException(int port, SocketException cause) : IOException(Explain(port, cause), cause)
{
    /// <summary>The port in question.</summary>
    public int Port { get; } = port;

    /// <summary>What the system said.</summary>
    public SocketError Error { get; } = cause.SocketErrorCode;

    private static string Explain(int port, SocketException cause) => cause.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"port {port} is already in use: choose another port or stop the process that listens there",
        SocketError.AccessDenied => $"no permission to listen on port {port}: choose a port from 1024 up or add CAP_NET_BIND_SERVICE",
        SocketError.AddressNotAvailable => $"cannot listen on port {port}: this machine does not have the address",
        _ => $"cannot listen on port {port}: {cause.SocketErrorCode} (errno {cause.NativeErrorCode})",
    };
}
