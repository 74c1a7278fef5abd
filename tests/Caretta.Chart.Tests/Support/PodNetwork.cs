using System.Globalization;

using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

namespace Caretta.Chart.Tests.Support;

/// <summary>
/// A pod's network on this machine: a namespace of its own, a pair of interfaces to the machine's, and the cluster's address of the
/// API server translated to where that listens. Needs root and nft.
/// </summary>
internal sealed class PodNetwork : IDisposable
{
    /// <summary>The service <c>kubernetes</c>.</summary>
    public const string ApiServerAddress = "10.96.0.1";

    // Of the range for tests of networks (RFC 2544).
    private const string HostAddress = "198.18.77.1";

    private readonly NetworkNamespace _namespace;

    /// <param name="server">Must listen on all addresses.</param>
    public PodNetwork(ApiServer server)
    {
        _namespace = NetworkNamespace.Create();
        try
        {
            string host = "chart-" + _namespace.Name[^6..];
            Command.Run("ip", "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", _namespace.Name);
            Command.Run("ip", "address", "add", HostAddress + "/30", "dev", host);
            Command.Run("ip", "link", "set", host, "up");
            Command.Run("ip", "-n", _namespace.Name, "address", "add", Address + "/30", "dev", "eth0");
            Command.Run("ip", "-n", _namespace.Name, "link", "set", "eth0", "up");
            Command.Run("ip", "-n", _namespace.Name, "route", "add", "default", "via", HostAddress);
            _namespace.Run("nft", "add", "table", "ip", "services");
            _namespace.Run("nft", "add", "chain", "ip", "services", "output", "{ type nat hook output priority -100; }");
            _namespace.Run(
                "nft", "add", "rule", "ip", "services", "output",
                string.Create(CultureInfo.InvariantCulture, $"ip daddr {ApiServerAddress} tcp dport 443 dnat to {HostAddress}:{server.Port}"));
        }
        catch
        {
            _namespace.Dispose();
            throw;
        }
    }

    /// <summary>The pod's.</summary>
    public static string Address => "198.18.77.2";

    /// <summary>Of the namespace, as a container runtime joins it.</summary>
    public string Path => "/run/netns/" + _namespace.Name;

    public void Dispose() => _namespace.Dispose();
}
