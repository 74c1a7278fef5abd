using System.Globalization;

using Caretta.Testing;

namespace Caretta.Cluster.Tests.Support;

/// <summary>
/// The network of a node, with a namespace of its own: pods hang on it by a pair of interfaces each and reach one another through its
/// routes, by both families; services are translated on the way, as kube-proxy does it. Needs root and nft.
/// </summary>
internal sealed class NodeNetwork : IDisposable
{
    // Every pod's gateway, whatever its address: the node answers for both on each of its interfaces.
    private const string Gateway = "169.254.1.1";
    private const string Gateway6 = "fe80::1";

    private readonly NetworkNamespace _node = NetworkNamespace.Create();
    private string? _address;
    private int _pods;

    public NodeNetwork()
    {
        try
        {
            _node.Run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
            foreach (string family in (string[])["ip", "ip6"])
            {
                Nft("add", "table", family, "services");
                foreach (string hook in (string[])["prerouting", "output"])
                {
                    Nft("add", "chain", family, "services", hook, $"{{ type nat hook {hook} priority -100; }}");
                }
            }
        }
        catch
        {
            _node.Dispose();
            throw;
        }
    }

    /// <summary>Of the node itself, where host-network pods run.</summary>
    public NetworkNamespace Host => _node;

    /// <summary>Gives the node an address. The first of IPv4 is what it connects from, to pods that are added later.</summary>
    public void AddHostAddress(string address)
    {
        _address ??= IsIPv6(address) ? null : address;
        string[] words = ["address", "add", address + Prefix(address), "dev", "lo"];
        Ip(IsIPv6(address) ? [.. words, "nodad"] : words);
    }

    /// <summary>Hangs a pod on the node.</summary>
    /// <param name="addresses">The pod's, one of each family at most.</param>
    public NetworkNamespace AddPod(params string[] addresses)
    {
        var pod = NetworkNamespace.Create();
        try
        {
            string port = string.Create(CultureInfo.InvariantCulture, $"pod{_pods++}");
            Ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", pod.Name);
            Ip("address", "add", Gateway + "/32", "dev", port);
            Ip("address", "add", Gateway6 + "/64", "dev", port, "nodad");
            Ip("link", "set", port, "up");
            PodIp("link", "set", "eth0", "up");
            foreach (string address in addresses)
            {
                bool six = IsIPv6(address);
                string[] words = ["address", "add", address + Prefix(address), "dev", "eth0"];
                PodIp(six ? [.. words, "nodad"] : words);
                if (!six)
                {
                    PodIp("route", "add", Gateway, "dev", "eth0", "scope", "link");
                }

                PodIp("route", "add", six ? "::/0" : "0.0.0.0/0", "via", six ? Gateway6 : Gateway, "dev", "eth0");

                // Replace: an address that was another pod's goes here from now on.
                string[] route = ["route", "replace", address + Prefix(address), "dev", port];
                Ip(!six && _address is not null ? [.. route, "src", _address] : route);
            }

            return pod;
        }
        catch
        {
            pod.Dispose();
            throw;
        }

        void PodIp(params string[] arguments) => Command.Run("ip", ["-n", pod.Name, .. arguments]);
    }

    /// <summary>Sends what goes to a service to a pod, from now on.</summary>
    /// <param name="service">The cluster's address.</param>
    /// <param name="pod">A pod's address.</param>
    /// <param name="port">Of both.</param>
    public void Translate(string service, string pod, int port)
    {
        string family = IsIPv6(service) ? "ip6" : "ip";
        string to = IsIPv6(service) ? $"[{pod}]" : pod;
        foreach (string hook in (string[])["prerouting", "output"])
        {
            Nft("add", "rule", family, "services", hook, $"{family} daddr {service} tcp dport {port} dnat to {to}:{port}");
        }
    }

    /// <summary>Sends every second connection of pods to a service to the one, the others to the other, as kube-proxy does it for two endpoints.</summary>
    /// <param name="service">The cluster's address, IPv4.</param>
    /// <param name="pods">Addresses of two pods.</param>
    /// <param name="port">Of all.</param>
    public void Balance(string service, (string One, string Other) pods, int port) => Nft(
        "add", "rule", "ip", "services", "prerouting",
        $"ip daddr {service} tcp dport {port} dnat to numgen inc mod 2 map {{ 0 : {pods.One}, 1 : {pods.Other} }}");

    public void Dispose() => _node.Dispose();

    private static bool IsIPv6(string address) => address.Contains(':', StringComparison.Ordinal);

    private static string Prefix(string address) => IsIPv6(address) ? "/128" : "/32";

    private void Ip(params string[] arguments) => Command.Run("ip", ["-n", _node.Name, .. arguments]);

    private void Nft(params string[] arguments) => _node.Run("nft", arguments);
}
