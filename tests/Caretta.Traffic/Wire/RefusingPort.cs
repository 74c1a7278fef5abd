using System.Net;
using System.Net.Sockets;

namespace Caretta.Traffic.Wire;

/// <summary>A port that is ours and on which nobody listens: connects are refused, for as long as this lives.</summary>
internal sealed class RefusingPort : IDisposable
{
    private readonly Socket _socket;

    public RefusingPort(IPAddress address)
    {
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(new IPEndPoint(address, 0));
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    public void Dispose() => _socket.Dispose();
}
