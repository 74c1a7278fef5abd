using System.Net;
using System.Net.Sockets;

using Caretta.Traffic.Wire;

namespace Caretta.Traffic;

/// <summary>One way to reach a server.</summary>
/// <param name="Form">The client's kind of socket.</param>
/// <param name="Local">The client's address; null leaves it to the kernel.</param>
/// <param name="Remote">The server.</param>
internal sealed record StormTarget(AddressForm Form, IPAddress? Local, IPEndPoint Remote)
{
    /// <summary>A server elsewhere, by the plainest socket.</summary>
    public static StormTarget To(IPEndPoint remote) =>
        new(remote.AddressFamily == AddressFamily.InterNetwork ? AddressForm.V4 : AddressForm.V6, null, remote);

    /// <summary>
    /// Listens on free ports, every other one by an IPv6 socket that takes IPv4 too, and returns every kind of way to reach them over
    /// loopback: several client and server addresses (which also keeps ephemeral ports from running out), IPv4, IPv6 and mapped.
    /// </summary>
    /// <param name="server">Listens.</param>
    /// <param name="ports">How many ports.</param>
    /// <param name="addresses">How many addresses 127.0.0.x at either end, 1 to 100.</param>
    public static IReadOnlyList<StormTarget> OpenOnLoopback(TrafficServer server, int ports, int addresses)
    {
        if (ports is < 1 or > 1000 || addresses is < 1 or > 100)
        {
            throw new FormatException("--ports: expected 1 to 1000; --addresses: expected 1 to 100");
        }

        var targets = new List<StormTarget>();
        for (int i = 0; i < ports; i++)
        {
            bool dual = i % 2 == 1 && Socket.OSSupportsIPv6;
            int port = server.Listen(new IPEndPoint(dual ? IPAddress.IPv6Any : IPAddress.Any, 0));
            for (int address = 1; address <= addresses; address++)
            {
                var remote = new IPEndPoint(Loopback(address), port);
                targets.Add(new StormTarget(AddressForm.V4, null, remote));
                targets.Add(new StormTarget(AddressForm.V4, Loopback(100 + address), remote));
                if (Socket.OSSupportsIPv6)
                {
                    targets.Add(new StormTarget(AddressForm.Mapped, Loopback(100 + address), remote));
                }

                if (dual)
                {
                    targets.Add(new StormTarget(AddressForm.V6, null, new IPEndPoint(IPAddress.IPv6Loopback, port)));
                }
            }
        }

        return targets;
    }

    private static IPAddress Loopback(int last) => new([127, 0, 0, (byte)last]);
}
