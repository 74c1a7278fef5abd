using System.Net;
using System.Net.Sockets;

namespace Caretta.Testing;

/// <summary>Both ends of one connection over loopback, driven from one thread.</summary>
internal sealed class KeptConnection : IDisposable
{
    private readonly byte[] _buffer = new byte[4096];
    private readonly Socket _client;
    private readonly Socket _server;

    /// <summary>Connects from an address of this machine.</summary>
    public KeptConnection(Socket listener, IPAddress from)
    {
        _client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _client.Bind(new IPEndPoint(from, 0));
            _client.Connect(listener.LocalEndPoint!);
            _server = listener.Accept();
            _client.NoDelay = _server.NoDelay = true;
        }
        catch
        {
            _client.Dispose();
            throw;
        }
    }

    /// <summary>Listens at 127.0.0.1.</summary>
    public static Socket Listen() => Listen(IPAddress.Loopback);

    /// <summary>Listens at an address of this machine.</summary>
    public static Socket Listen(IPAddress address)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen(1024);
        return listener;
    }

    /// <summary>Address number <paramref name="index"/> of 127.1.0.0/16.</summary>
    public static IPAddress AddressOf(int index) => new([127, 1, (byte)(index >> 8), (byte)index]);

    /// <summary>Sends so many bytes in each direction; all have been received when it returns.</summary>
    public void Exchange(int toServer, int toClient)
    {
        Move(_client, _server, toServer);
        Move(_server, _client, toClient);
    }

    /// <summary>The client ends it first, in an orderly way.</summary>
    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private void Move(Socket from, Socket to, int count)
    {
        while (count > 0)
        {
            int sent = from.Send(_buffer, 0, Math.Min(count, _buffer.Length), SocketFlags.None);
            for (int received = 0; received < sent;)
            {
                received += to.Receive(_buffer, 0, sent - received, SocketFlags.None);
            }

            count -= sent;
        }
    }
}
