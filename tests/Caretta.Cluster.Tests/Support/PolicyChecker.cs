using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Caretta.Cluster.Tests.Support;

/// <summary>
/// Says what NetworkPolicies allow, by the API reference of <c>networking.k8s.io/v1</c>: a pod that no policy of a direction selects may do
/// everything, another one what any of them allows.
/// </summary>
/// <param name="policies">The objects.</param>
internal sealed class PolicyChecker(IReadOnlyList<JsonObject> policies)
{
    /// <summary>Whether a connection may be made, as far as both its ends are concerned.</summary>
    public bool Allows(PolicyPeerPod client, PolicyPeerPod server, int port, string protocol = "TCP") =>
        AllowsSide("Egress", "egress", "to", client, server, server, port, protocol)
        && AllowsSide("Ingress", "ingress", "from", server, client, server, port, protocol);

    private bool AllowsSide(
        string type, string member, string peers, PolicyPeerPod judged, PolicyPeerPod other, PolicyPeerPod server, int port, string protocol)
    {
        bool isIsolated = false;
        foreach (JsonObject policy in policies)
        {
            JsonObject spec = policy["spec"]!.AsObject();
            bool isMeant = judged.Space is not null
                && (string)policy["metadata"]!["namespace"]! == judged.Space
                && spec["policyTypes"]!.AsArray().Any(one => (string)one! == type)
                && Selects(spec["podSelector"]!.AsObject(), judged.Labels);
            if (!isMeant)
            {
                continue;
            }

            isIsolated = true;
            foreach (JsonNode? rule in spec[member]?.AsArray() ?? [])
            {
                if (AllowsPort(rule!["ports"] as JsonArray, server, port, protocol)
                    && AllowsPeer(rule[peers] as JsonArray, judged.Space!, other))
                {
                    return true;
                }
            }
        }

        return !isIsolated;
    }

    private static bool AllowsPort(JsonArray? ports, PolicyPeerPod server, int port, string protocol) =>
        ports is null || ports.Count == 0 || ports.Any(one =>
            ((string?)one!["protocol"] ?? "TCP") == protocol
            && (one["port"] is not { } number
                || (number.GetValueKind() == System.Text.Json.JsonValueKind.String
                    ? server.Ports.TryGetValue((string)number!, out int named) && named == port
                    : number.ToString() == port.ToString(CultureInfo.InvariantCulture))));

    private static bool AllowsPeer(JsonArray? peers, string space, PolicyPeerPod other)
    {
        if (peers is null || peers.Count == 0)
        {
            return true;
        }

        foreach (JsonNode? peer in peers)
        {
            if (peer!["ipBlock"] is JsonObject block)
            {
                if (other.Space is null && IPNetwork.Parse((string)block["cidr"]!).Contains(other.Address))
                {
                    return true;
                }

                continue;
            }

            bool isSpace = other.Space is not null && (peer["namespaceSelector"] is JsonObject spaces
                ? Selects(spaces, new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = other.Space })
                : other.Space == space);
            if (isSpace && (peer["podSelector"] is not JsonObject pods || Selects(pods, other.Labels)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Selects(JsonObject selector, IReadOnlyDictionary<string, string> labels)
    {
        foreach ((string key, JsonNode? value) in selector["matchLabels"]?.AsObject() ?? [])
        {
            if (!labels.TryGetValue(key, out string? own) || own != (string)value!)
            {
                return false;
            }
        }

        foreach (JsonNode? expression in selector["matchExpressions"]?.AsArray() ?? [])
        {
            bool exists = labels.TryGetValue((string)expression!["key"]!, out string? own);
            bool isAmong = exists && (expression["values"]?.AsArray() ?? []).Any(value => (string)value! == own);
            bool isMet = (string)expression["operator"]! switch
            {
                "In" => isAmong,
                "NotIn" => !isAmong,
                "Exists" => exists,
                "DoesNotExist" => !exists,
                string unknown => throw new FormatException($"no operator {unknown}"),
            };
            if (!isMet)
            {
                return false;
            }
        }

        return true;
    }
}
