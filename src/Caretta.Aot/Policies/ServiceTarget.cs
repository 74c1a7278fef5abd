using System.Globalization;

namespace Caretta.Aot.Policies;

/// <summary>Where connections to one port of a service end: what a policy has to name, since it is judged behind the service's address.</summary>
internal sealed class ServiceTarget
{
    private const string Tcp = "TCP";

    // What controllers write on each pod they make: with it a selector would not select the pod's successor.
    private static readonly string[] LabelsOfOnePod =
    [
        "apps.kubernetes.io/pod-index", "controller-revision-hash", "pod-template-generation", "pod-template-hash", "statefulset.kubernetes.io/pod-name",
    ];

    private readonly List<(PodSelector Pods, string Port)> _pods = [];
    private readonly List<(string Address, string Port)> _addresses = [];

    private ServiceTarget()
    {
    }

    /// <summary>Pods of the service's namespace, with a number or the name of a container's port.</summary>
    public IReadOnlyList<(PodSelector Pods, string Port)> Pods => _pods;

    /// <summary>Addresses of what no policy selects: pods in their nodes' network, and what is no pod.</summary>
    public IReadOnlyList<(string Address, string Port)> Addresses => _addresses;

    /// <summary>What a reader must know about it, or why there is nothing; empty where all is well.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Finds it.</summary>
    /// <param name="facts">What the cluster says.</param>
    /// <param name="space">Namespace of the service.</param>
    /// <param name="name">Name of the service.</param>
    /// <param name="port">The service's port.</param>
    public static ServiceTarget Find(PolicyFacts facts, string space, string name, int port)
    {
        var target = new ServiceTarget();
        NamespaceFacts around = facts.In(space);
        if (!around.Services.TryGetValue(name, out ServiceFacts? service))
        {
            target.Reason = "there is no such service now, or it may not be read";
            return target;
        }

        bool hasPort = false;
        foreach (ServicePortFacts candidate in service.Ports)
        {
            if (candidate.Protocol != Tcp || candidate.Port != port)
            {
                continue;
            }

            hasPort = true;
            if (service.Selector is { IsEmpty: false } selector)
            {
                target.AddPods(selector, candidate.Target, around.Pods);
            }
            else
            {
                target.AddEndpoints(facts, space, service, candidate.Name);
            }
        }

        if (!hasPort)
        {
            target.Reason = "the service has no such port now";
        }
        else if (target._pods.Count + target._addresses.Count == 0 && target.Reason.Length == 0)
        {
            target.Reason = "the service has no selector, and no addresses behind that port are known; add them as an ipBlock";
        }

        return target;
    }

    private void AddPods(PodSelector selector, string port, List<PodFacts> around)
    {
        bool hasSelectable = false;
        bool hasOther = false;
        foreach (PodFacts pod in around)
        {
            if (!selector.Matches(pod.Labels))
            {
                continue;
            }

            hasSelectable |= !pod.HostNetwork;
            hasOther |= pod.HostNetwork;
            if (pod.HostNetwork)
            {
                AddNodes(pod, port);
            }
        }

        // Where there are no pods now, there will be.
        if (hasSelectable || !hasOther)
        {
            _pods.Add((selector, port));
        }
    }

    private void AddNodes(PodFacts pod, string port)
    {
        bool isNumber = int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        if (!isNumber && !pod.Ports.TryGetValue(port, out number))
        {
            Reason = $"pods behind it are in their nodes' network, and none of their ports is called {port}";
            return;
        }

        foreach (string address in pod.Addresses)
        {
            _addresses.Add((address, number.ToString(CultureInfo.InvariantCulture)));
        }

        Reason = Reason.Length > 0 ? Reason : "pods behind it are in their nodes' network, so that the nodes' addresses stand for them";
    }

    private void AddEndpoints(PolicyFacts facts, string space, ServiceFacts service, string portName)
    {
        foreach (EndpointFacts endpoint in service.Endpoints)
        {
            if (endpoint.PortName != portName)
            {
                continue;
            }

            string port = endpoint.Port.ToString(CultureInfo.InvariantCulture);
            foreach (string address in endpoint.Addresses)
            {
                // As operators do it that choose a leader among pods.
                if (PodAt(address, facts.In(space).Pods) is { HostNetwork: false, Labels.Count: > 0 } pod)
                {
                    _pods.Add((SelectorOf(pod, space, facts), port));
                }
                else
                {
                    _addresses.Add((address, port));
                }
            }
        }
    }

    private static PodFacts? PodAt(string address, List<PodFacts> pods)
    {
        foreach (PodFacts pod in pods)
        {
            foreach (string own in pod.Addresses)
            {
                if (own == address)
                {
                    return pod;
                }
            }
        }

        return null;
    }

    // That of its workload, if it is on the map; else by its labels.
    private static PodSelector SelectorOf(PodFacts pod, string space, PolicyFacts facts)
    {
        PodSelector? best = null;
        foreach ((Export.SeenNode workload, WorkloadFacts known) in facts.Workloads)
        {
            if (workload.Namespace == space && known is { Selector: { IsEmpty: false } selector, HostNetwork: false } && selector.Matches(pod.Labels)
                && (best is null || string.CompareOrdinal(selector.ToString(), best.ToString()) < 0))
            {
                best = selector;
            }
        }

        if (best is not null)
        {
            return best;
        }

        Dictionary<string, string> labels = new(pod.Labels);
        foreach (string label in LabelsOfOnePod)
        {
            labels.Remove(label);
        }

        return PodSelector.Of(labels.Count > 0 ? labels : pod.Labels);
    }
}
