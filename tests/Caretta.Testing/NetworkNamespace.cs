namespace Caretta.Testing;

/// <summary>A network namespace with a name of its own, gone with the test. Needs root.</summary>
internal sealed class NetworkNamespace : IDisposable
{
    private NetworkNamespace(string name) => Name = name;

    /// <summary>As <c>ip netns</c> knows it.</summary>
    public string Name { get; }

    /// <summary>Makes one, with loopback up.</summary>
    public static NetworkNamespace Create()
    {
        string name = $"caretta-{Guid.NewGuid():N}"[..16];
        Ip("netns", "add", name);
        Ip("-n", name, "link", "set", "lo", "up");
        return new NetworkNamespace(name);
    }

    /// <summary>Joins two namespaces by a pair of virtual interfaces.</summary>
    /// <param name="other">The other one.</param>
    /// <param name="address">Of this end, with prefix length.</param>
    /// <param name="otherAddress">Of the other end.</param>
    public void Join(NetworkNamespace other, string address, string otherAddress)
    {
        Ip("-n", Name, "link", "add", "joint", "type", "veth", "peer", "name", "joint", "netns", other.Name);
        SetUp(Name, address);
        SetUp(other.Name, otherAddress);

        static void SetUp(string name, string address)
        {
            // nodad: a fresh IPv6 address is usable at once.
            Ip(address.Contains(':', StringComparison.Ordinal)
                ? ["-n", name, "address", "add", address, "dev", "joint", "nodad"]
                : ["-n", name, "address", "add", address, "dev", "joint"]);
            Ip("-n", name, "link", "set", "joint", "up");
        }
    }

    /// <summary>Runs a program in it, to its end.</summary>
    public void Run(string program, params string[] arguments) => Command.Run("ip", ["netns", "exec", Name, program, .. arguments]);

    public void Dispose() => Ip("netns", "delete", Name);

    private static void Ip(params string[] arguments) => Command.Run("ip", arguments);
}
