using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Caretta.Traffic.Wire;

/// <summary>Opens connections and books them, the refused ones too.</summary>
internal sealed class TrafficClient(Ledger ledger)
{
    // include/uapi/linux/in.h: IPPROTO_IP and IP_BIND_ADDRESS_NO_PORT (4.2). Without it a bind to an address takes a port for itself,
    // and 28,000 connections later there is none left.
    private const int IpLevel = 0;
    private const int IpBindAddressNoPort = 24;

    /// <summary>Connects.</summary>
    /// <param name="form">The kind of socket; IPv4 addresses are mapped where it asks for that.</param>
    /// <param name="remote">Where to.</param>
    /// <param name="local">Where from; null leaves it to the kernel.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public async Task<CountedConnection> ConnectAsync(AddressForm form, IPEndPoint remote, IPAddress? local, CancellationToken cancellation)
    {
        Socket socket = CreateSocket(form, local);
        try
        {
            await socket.ConnectAsync(InForm(form, remote), cancellation).ConfigureAwait(false);
            return new CountedConnection(socket, ledger, Role.Client);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects to a port that nobody listens on, and books the failure.</summary>
    /// <exception cref="TrafficException">Somebody did listen.</exception>
    public async Task ConnectRefusedAsync(AddressForm form, IPEndPoint remote, CancellationToken cancellation)
    {
        using Socket socket = CreateSocket(form, null);
        IPEndPoint target = InForm(form, remote);
        try
        {
            await socket.ConnectAsync(target, cancellation).ConfigureAwait(false);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            IPAddress any = socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
            ledger[new LedgerKey(form, any, target.Address, target.Port, Role.Client)].AddFailed();
            return;
        }

        throw new TrafficException($"{target} took a connection that it should have refused");
    }

    private static Socket CreateSocket(AddressForm form, IPAddress? local)
    {
        bool ipv4 = form == AddressForm.V4;
        var socket = new Socket(ipv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        if (!ipv4)
        {
            socket.DualMode = true;
        }

        if (local is not null)
        {
            int one = 1;
            socket.SetRawSocketOption(IpLevel, IpBindAddressNoPort, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in one)));
            socket.Bind(InForm(form, new IPEndPoint(local, 0)));
        }

        return socket;
    }

    private static IPEndPoint InForm(AddressForm form, IPEndPoint endpoint) =>
        form == AddressForm.Mapped ? new IPEndPoint(endpoint.Address.MapToIPv6(), endpoint.Port) : endpoint;
}
