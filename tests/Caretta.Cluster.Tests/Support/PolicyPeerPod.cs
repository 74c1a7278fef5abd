using System.Net;

namespace Caretta.Cluster.Tests.Support;

/// <summary>One end of a connection that a policy judges.</summary>
/// <param name="Space">Namespace of the pod; null for what is no pod.</param>
/// <param name="Labels">Labels of the pod.</param>
/// <param name="Address">Its address.</param>
/// <param name="Ports">Names of its containers' ports.</param>
internal sealed record PolicyPeerPod(
    string? Space, IReadOnlyDictionary<string, string> Labels, IPAddress Address, IReadOnlyDictionary<string, int> Ports)
{
    public static PolicyPeerPod Pod(string space, string address, params (string Key, string Value)[] labels) =>
        new(space, labels.ToDictionary(static label => label.Key, static label => label.Value), IPAddress.Parse(address), new Dictionary<string, int>());

    public static PolicyPeerPod Outside(string address) =>
        new(null, new Dictionary<string, string>(), IPAddress.Parse(address), new Dictionary<string, int>());
}
