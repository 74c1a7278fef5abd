using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Caretta.Aot.Export;

namespace Caretta.Aot.Policies;

/// <summary>
/// Makes of links the policies that allow them and nothing else. An attempt that never became a connection is not allowed: it may be what a
/// policy is to stop. Pure.
/// </summary>
internal sealed class PolicyPlanner
{
    /// <summary>Kind of a service's links.</summary>
    public const string ServiceKind = "Service";

    /// <summary>Kind of a node's links.</summary>
    public const string NodeKind = "node";

    private const string Tcp = "TCP";
    private const string DnsName = "names from the cluster's DNS";
    private const string NodeDnsName = "names from the DNS cache of the node";
    private const int MaxNameLength = 253;

    private static readonly string[] NoNamespaces = ["node", "host", "external", ""];

    private readonly PolicyFacts _facts;
    private readonly PolicyPlan _plan = new();
    private readonly SortedDictionary<SeenNode, PlannedPolicy> _policies = [];
    private readonly HashSet<string> _namespaces;

    private PolicyPlanner(PolicyFacts facts, HashSet<string> namespaces)
    {
        _facts = facts;
        _namespaces = namespaces;
    }

    /// <summary>Whether a node of the map is an object in a namespace.</summary>
    public static bool IsInNamespace(SeenNode node) =>
        !node.IsExternal && node.Kind != NodeKind && Array.IndexOf(NoNamespaces, node.Namespace) < 0;

    /// <summary>Plans.</summary>
    /// <param name="map">What was seen.</param>
    /// <param name="facts">What the cluster says of it.</param>
    /// <param name="namespaces">Namespaces that get policies; empty for all but the system's.</param>
    public static PolicyPlan Plan(SeenMap map, PolicyFacts facts, IReadOnlyList<string> namespaces)
    {
        HashSet<string> wanted = [.. namespaces];
        if (wanted.Count == 0)
        {
            HashSet<string> system = MapFilter.SystemNamespacesOf(map.Links);
            foreach (SeenNode workload in facts.Workloads.Keys)
            {
                if (!system.Contains(workload.Namespace))
                {
                    wanted.Add(workload.Namespace);
                }
            }
        }

        return new PolicyPlanner(facts, wanted).Run(map);
    }

    private PolicyPlan Run(SeenMap map)
    {
        foreach ((SeenNode workload, WorkloadFacts facts) in _facts.Workloads)
        {
            AddPolicy(workload, facts);
        }

        foreach (SeenLink link in map.Links)
        {
            SeenNode client = link.Client with { Owner = null };
            SeenNode server = link.Server with { Owner = null };
            if (link.WasConnected && link.Port > 0)
            {
                AllowEgress(client, server, link.Port);
                AllowIngress(client, server, link.Port);
            }
            else
            {
                Warn(client, $"{Label(server)} port {link.Port} is not allowed: no connection to it was seen, only attempts");
                Warn(server, $"{Label(client)} to port {link.Port} is not allowed: no connection from it was seen, only attempts");
            }
        }

        DnsTarget dns = DnsTarget.Find(_facts);
        foreach (PlannedPolicy policy in _policies.Values)
        {
            List<PolicyPeer> peers = [new PolicyPeer(Foreign(dns.Namespace, policy), dns.Pods, null)];
            foreach (PolicyPort port in dns.Ports)
            {
                Allow(policy, policy.Egress, peers, port, DnsName, DnsName, reason: "");
            }

            peers.Clear();
            AddBlocks(peers, dns.NodeAddresses);
            foreach (PolicyPort port in DnsTarget.NodePorts)
            {
                Allow(policy, policy.Egress, peers, port, NodeDnsName, NodeDnsName, reason: "");
            }

            WarnOfOthers(policy);
            _plan.Policies.Add(policy);
        }

        return _plan;
    }

    private void AddPolicy(SeenNode workload, WorkloadFacts facts)
    {
        if (!_namespaces.Contains(workload.Namespace))
        {
            return;
        }

        string reason = facts.Selector is null || facts.HostNetwork ? facts.Reason
            : facts.Selector.IsEmpty ? "its selector is empty, which selects every pod"
            : !IsLabel(workload.Namespace) || !IsSubdomain(workload.Name) ? "its name is not one that Kubernetes allows"
            : "";
        if (reason.Length > 0)
        {
            _plan.Left.Add($"{Label(workload)}: {reason}");
        }
        else
        {
            _policies.Add(workload, new PlannedPolicy(workload, NameOf(workload), facts.Selector!));
        }
    }

    private void AllowEgress(SeenNode client, SeenNode server, int port)
    {
        if (!_policies.TryGetValue(client, out PlannedPolicy? policy))
        {
            return;
        }

        string text = port.ToString(CultureInfo.InvariantCulture);
        string name = server.Kind == ServiceKind ? $"{Label(server)} port {text}" : Label(server);
        if (server.Kind == ServiceKind)
        {
            AllowEgress(policy, ServiceTarget.Find(_facts, server.Namespace, server.Name, port), server.Namespace, name);
            return;
        }

        List<PolicyPeer> peers = [];
        string reason = FindPeers(server, policy, peers);
        Allow(policy, policy.Egress, peers, new PolicyPort(Tcp, text), name, $"{name} port {text}", reason);
    }

    private static void AllowEgress(PlannedPolicy policy, ServiceTarget target, string space, string name)
    {
        bool isAllowed = false;
        foreach ((PodSelector pods, string port) in target.Pods)
        {
            PlannedPolicy.Allow(policy.Egress, new PolicyPeer(Foreign(space, policy), pods, null), new PolicyPort(Tcp, port), name);
            isAllowed = true;
        }

        List<PolicyPeer> peers = [];
        foreach ((string address, string port) in target.Addresses)
        {
            peers.Clear();
            AddBlocks(peers, [address]);
            isAllowed |= peers.Count > 0;
            Allow(policy, policy.Egress, peers, new PolicyPort(Tcp, port), name, name, reason: "");
        }

        Note(policy, name, target.Reason, isAllowed);
    }

    private void AllowIngress(SeenNode client, SeenNode server, int port)
    {
        if (server.Kind != ServiceKind)
        {
            if (_policies.TryGetValue(server, out PlannedPolicy? policy))
            {
                AllowIngress(policy, client, port.ToString(CultureInfo.InvariantCulture), Label(client));
            }

            return;
        }

        // Whoever is behind the service gets its connections, on a port of its own.
        foreach ((PodSelector pods, string target) in ServiceTarget.Find(_facts, server.Namespace, server.Name, port).Pods)
        {
            foreach (PlannedPolicy policy in _policies.Values)
            {
                if (policy.Workload.Namespace == server.Namespace && IsBehind(policy, pods))
                {
                    AllowIngress(policy, client, target, $"{Label(client)}, through {Label(server)}");
                }
            }
        }
    }

    private void AllowIngress(PlannedPolicy policy, SeenNode client, string port, string name)
    {
        List<PolicyPeer> peers = [];
        string reason = client.Kind == ServiceKind ? "a service connects to nobody; what did is not known" : FindPeers(client, policy, peers);
        Allow(policy, policy.Ingress, peers, new PolicyPort(Tcp, port), name, $"{name} to port {port}", reason);
    }

    private static void Allow(
        PlannedPolicy policy, SortedDictionary<string, PolicyRule> rules, List<PolicyPeer> peers, PolicyPort port, string name, string what, string reason)
    {
        foreach (PolicyPeer peer in peers)
        {
            PlannedPolicy.Allow(rules, peer, port, name);
        }

        Note(policy, what, reason, peers.Count > 0);
    }

    private static void Note(PlannedPolicy policy, string what, string reason, bool isAllowed)
    {
        if (reason.Length > 0)
        {
            policy.Warnings.Add(isAllowed ? $"{what}: {reason}" : $"{what} was seen and is not allowed: {reason}");
        }
    }

    // What stands for a node of the map in a rule; returns what a reader must know about it, or why there is nothing.
    private string FindPeers(SeenNode node, PlannedPolicy policy, List<PolicyPeer> peers)
    {
        if (node.IsExternal)
        {
            if (Block(node.Name) is not { } block)
            {
                return node.Name == "other" ? "it stands for many addresses that were not kept" : "its address is not known, only its name; add it as an ipBlock";
            }

            peers.Add(new PolicyPeer(null, null, block));
            return "";
        }

        if (node.Kind == NodeKind)
        {
            _facts.Nodes.TryGetValue(node.Name, out IReadOnlyList<string>? addresses);
            AddBlocks(peers, addresses ?? []);
            return peers.Count > 0 ? "a node, by its addresses; it may use others towards its own pods" : "a node whose addresses are not known";
        }

        if (!_facts.Workloads.TryGetValue(node, out WorkloadFacts? facts))
        {
            return "no object of the cluster";
        }

        if (facts.HostNetwork)
        {
            foreach (PodFacts pod in _facts.In(node.Namespace).Pods)
            {
                if (pod.HostNetwork && facts.Selector is { IsEmpty: false } own && own.Matches(pod.Labels))
                {
                    AddBlocks(peers, pod.Addresses);
                }
            }

            return peers.Count > 0 ? "its pods are in their nodes' network, so that the nodes' addresses stand for them" : facts.Reason;
        }

        if (facts.Selector is not { IsEmpty: false } pods)
        {
            return facts.Reason.Length > 0 ? facts.Reason : "its selector is empty";
        }

        peers.Add(new PolicyPeer(Foreign(node.Namespace, policy), pods, null));
        return "";
    }

    private bool IsBehind(PlannedPolicy policy, PodSelector service)
    {
        if (_facts.Workloads[policy.Workload].TemplateLabels is { Count: > 0 } template && service.Matches(template))
        {
            return true;
        }

        foreach (PodFacts pod in _facts.In(policy.Workload.Namespace).Pods)
        {
            if (!pod.HostNetwork && policy.Selector.Matches(pod.Labels) && service.Matches(pod.Labels))
            {
                return true;
            }
        }

        return false;
    }

    // Selectors that overlap: who is allowed something shares it.
    private void WarnOfOthers(PlannedPolicy policy)
    {
        List<PodFacts> pods = _facts.In(policy.Workload.Namespace).Pods;
        foreach ((SeenNode other, WorkloadFacts facts) in _facts.Workloads)
        {
            if (other == policy.Workload || other.Namespace != policy.Workload.Namespace || facts.Selector is not { } selector)
            {
                continue;
            }

            bool overlaps = facts.TemplateLabels.Count > 0 && policy.Selector.Matches(facts.TemplateLabels);
            foreach (PodFacts pod in pods)
            {
                overlaps |= policy.Selector.Matches(pod.Labels) && selector.Matches(pod.Labels);
            }

            if (overlaps)
            {
                policy.Warnings.Add($"the selector also selects pods of {Label(other)}: what is allowed to one is allowed to both");
            }
        }
    }

    private void Warn(SeenNode workload, string warning)
    {
        if (_policies.TryGetValue(workload, out PlannedPolicy? policy))
        {
            policy.Warnings.Add(warning);
        }
    }

    private static string? Foreign(string space, PlannedPolicy policy) => space == policy.Workload.Namespace ? null : space;

    private static string Label(SeenNode node) => node.IsExternal ? node.Name : $"{node.Kind} {node.Namespace}/{node.Name}";

    private static void AddBlocks(List<PolicyPeer> peers, IReadOnlyList<string> addresses)
    {
        foreach (string address in addresses)
        {
            if (Block(address) is { } block)
            {
                peers.Add(new PolicyPeer(null, null, block));
            }
        }
    }

    private static string? Block(string text)
    {
        // "1" and "1.2" are addresses to some, and names to us.
        if (!IPAddress.TryParse(text, out IPAddress? address) || (!text.Contains(':') && text.Split('.').Length != 4))
        {
            return null;
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return address.AddressFamily == AddressFamily.InterNetwork ? $"{address}/32"
            : address.ScopeId == 0 ? $"{address}/128" : null;
    }

    private static string NameOf(SeenNode workload)
    {
        string name = $"caretta-{workload.Kind.ToLowerInvariant()}-{workload.Name}";
        if (name.Length <= MaxNameLength)
        {
            return name;
        }

        // Two long names may begin alike.
        uint hash = 2166136261;
        foreach (char c in name)
        {
            hash = (hash ^ c) * 16777619;
        }

        return $"{name[..(MaxNameLength - 9)].TrimEnd('.', '-')}-{hash:x8}";
    }

    private static bool IsLabel(string text) => text.Length <= 63 && !text.Contains('.') && IsSubdomain(text);

    // RFC 1123, as the API server checks names.
    private static bool IsSubdomain(string text)
    {
        if (text.Length is 0 or > MaxNameLength)
        {
            return false;
        }

        foreach (string part in text.Split('.'))
        {
            if (part.Length == 0 || part[0] == '-' || part[^1] == '-')
            {
                return false;
            }

            foreach (char c in part)
            {
                if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
                {
                    return false;
                }
            }
        }

        return true;
    }
}
