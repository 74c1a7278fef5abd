namespace Caretta.Aot.Policies;

/// <summary>Where pods ask for names.</summary>
internal sealed class DnsTarget
{
    /// <summary>Where the cluster's DNS may live, most likely first: everywhere, and on OpenShift.</summary>
    public static readonly string[] Namespaces = ["kube-system", "openshift-dns"];

    private const string ServiceName = "kube-dns";
    private const string AppLabel = "k8s-app";
    private const string OpenShiftName = "dns-default";
    private const int ServicePort = 53;

    // Where a cache on the node listens (NodeLocal DNSCache), unless the cluster's administrator chose another.
    private const string NodeCache = "node-local-dns";
    private const string NodeCacheAddress = "169.254.20.10";

    private DnsTarget(string space, PodSelector pods, IReadOnlyList<PolicyPort> ports, IReadOnlyList<string> nodeAddresses)
    {
        Namespace = space;
        Pods = pods;
        Ports = ports;
        NodeAddresses = nodeAddresses;
    }

    /// <summary>Ports of a cache on the node.</summary>
    public static IReadOnlyList<PolicyPort> NodePorts { get; } = [new PolicyPort("TCP", "53"), new PolicyPort("UDP", "53")];

    /// <summary>Namespace of the pods.</summary>
    public string Namespace { get; }

    /// <summary>The pods that answer.</summary>
    public PodSelector Pods { get; }

    /// <summary>Theirs.</summary>
    public IReadOnlyList<PolicyPort> Ports { get; }

    /// <summary>
    /// Addresses of a cache on each node, among them the service's own, which it takes over; empty where there is none. A policy cannot
    /// select it, for it is in its node's network.
    /// </summary>
    public IReadOnlyList<string> NodeAddresses { get; }

    /// <summary>Finds it; where the cluster does not say, what most clusters have.</summary>
    public static DnsTarget Find(PolicyFacts facts)
    {
        foreach (string space in Namespaces)
        {
            foreach (ServiceFacts service in facts.In(space).Services.Values)
            {
                List<PolicyPort> ports = IsDns(service) ? PortsOf(service) : [];
                if (ports.Count > 0 && service.Selector is { IsEmpty: false } selector)
                {
                    return new DnsTarget(space, selector, ports, HasNodeCache(facts.In(space)) ? [NodeCacheAddress, .. service.Addresses] : []);
                }
            }
        }

        return new DnsTarget(Namespaces[0], PodSelector.Of([new(AppLabel, ServiceName)]), NodePorts, []);
    }

    private static bool IsDns(ServiceFacts service) => service.Name is ServiceName or OpenShiftName
        || (service.Labels.TryGetValue(AppLabel, out string? app) && app == ServiceName);

    private static List<PolicyPort> PortsOf(ServiceFacts service)
    {
        List<PolicyPort> ports = [];
        foreach (ServicePortFacts port in service.Ports)
        {
            if (port.Port == ServicePort && port.Protocol is "TCP" or "UDP")
            {
                ports.Add(new PolicyPort(port.Protocol, port.Target));
            }
        }

        return ports;
    }

    private static bool HasNodeCache(NamespaceFacts space)
    {
        foreach (PodFacts pod in space.Pods)
        {
            if (pod.HostNetwork && pod.Labels.TryGetValue(AppLabel, out string? app) && app == NodeCache)
            {
                return true;
            }
        }

        return false;
    }
}
