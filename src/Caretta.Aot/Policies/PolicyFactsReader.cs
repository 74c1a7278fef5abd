using System.Text.Json;
using Caretta.Aot.Export;
using Caretta.Aot.Json;
using Caretta.Aot.Kubernetes;

namespace Caretta.Aot.Policies;

/// <summary>
/// Asks the API server for what policies need, and for no more: the owners that were seen, one by one, and pods and services of their
/// namespaces. What may not be read is a gap that the policies tell of.
/// </summary>
internal sealed class PolicyFactsReader(ApiClient client)
{
    private const int MaxNamespaces = 1000;
    private const int MaxWorkloads = 10_000;
    private const int MaxPods = 100_000;
    private const int PageSize = 200;
    private const int MaxDocumentBytes = 64 << 20;

    private static readonly (string Kind, string ApiVersion)[] Versions =
    [
        ("Deployment", "apps/v1"), ("StatefulSet", "apps/v1"), ("DaemonSet", "apps/v1"), ("ReplicaSet", "apps/v1"),
        ("Job", "batch/v1"), ("CronJob", "batch/v1"), ("ReplicationController", "v1"),
    ];

    private readonly PolicyFacts _facts = new();
    private int _pods;

    /// <summary>Reads everything. Once.</summary>
    /// <param name="map">What was seen.</param>
    /// <param name="cancel">Ends it.</param>
    /// <remarks>Throws as <see cref="ApiClient.GetAsync(string, string, bool, CancellationToken)"/>, except that refusals of one kind are gaps.</remarks>
    public async Task<PolicyFacts> ReadAsync(SeenMap map, CancellationToken cancel)
    {
        SortedSet<SeenNode> seen = [];
        bool hasNodes = false;
        foreach (SeenLink link in map.Links)
        {
            seen.Add(link.Client with { Owner = null });
            seen.Add(link.Server with { Owner = null });
        }

        // Where names of the cluster are looked up.
        SortedSet<string> spaces = new(DnsTarget.Namespaces, StringComparer.Ordinal);
        foreach (SeenNode node in seen)
        {
            hasNodes |= node.Kind == PolicyPlanner.NodeKind;
            if (PolicyPlanner.IsInNamespace(node))
            {
                spaces.Add(node.Namespace);
            }
        }

        if (spaces.Count > MaxNamespaces || seen.Count > MaxWorkloads)
        {
            throw new BadResponseException($"{seen.Count} workloads in {spaces.Count} namespaces are too many for one answer: ask for fewer");
        }

        foreach (string space in spaces)
        {
            await ReadNamespaceAsync(space, cancel).ConfigureAwait(false);
        }

        foreach (SeenNode node in seen)
        {
            if (node.Kind == PolicyPlanner.ServiceKind && _facts.In(node.Namespace).Services.TryGetValue(node.Name, out ServiceFacts? service)
                && service.Selector is null or { IsEmpty: true })
            {
                await ReadEndpointsAsync(node, service, cancel).ConfigureAwait(false);
            }
        }

        if (hasNodes)
        {
            await ListAsync("api/v1/nodes", "nodes", ReadNode, cancel).ConfigureAwait(false);
        }

        foreach (SeenNode node in seen)
        {
            if (PolicyPlanner.IsInNamespace(node) && node.Kind != PolicyPlanner.ServiceKind)
            {
                _facts.Workloads[node] = await ReadWorkloadAsync(node, cancel).ConfigureAwait(false);
            }
        }

        return _facts;
    }

    private async Task ReadNamespaceAsync(string space, CancellationToken cancel)
    {
        var facts = new NamespaceFacts();
        _facts.Namespaces[space] = facts;
        string path = $"api/v1/namespaces/{Uri.EscapeDataString(space)}/";
        await ListAsync(path + "pods", "pods of " + space, ReadPod, cancel).ConfigureAwait(false);
        await ListAsync(path + "services", "services of " + space, ReadService, cancel).ConfigureAwait(false);

        void ReadPod(ref Utf8JsonReader json)
        {
            if (ObjectLists.ReadPod(ref json) is { } pod)
            {
                facts.Pods.Add(pod);
                if (++_pods > MaxPods)
                {
                    throw new BadResponseException($"more than {MaxPods} pods are too many for one answer: ask for fewer namespaces");
                }
            }
        }

        void ReadService(ref Utf8JsonReader json)
        {
            ServiceFacts service = ObjectLists.ReadService(ref json);
            facts.Services[service.Name] = service;
        }
    }

    // What is behind a service without a selector is written by hand, as slices or as what the cluster makes slices of.
    private async Task ReadEndpointsAsync(SeenNode node, ServiceFacts service, CancellationToken cancel)
    {
        List<EndpointFacts> endpoints = [];
        string path = $"apis/discovery.k8s.io/v1/namespaces/{Uri.EscapeDataString(node.Namespace)}/endpointslices";
        string selector = "&labelSelector=" + Uri.EscapeDataString("kubernetes.io/service-name=" + node.Name);
        await ListAsync(path, "endpointslices of " + node.Namespace, Read, cancel, selector).ConfigureAwait(false);
        _facts.Namespaces[node.Namespace].Services[node.Name] = service with { Endpoints = endpoints };

        void Read(ref Utf8JsonReader json) => ObjectLists.ReadSlice(ref json, endpoints);
    }

    private void ReadNode(ref Utf8JsonReader json)
    {
        (string name, List<string> addresses) = ObjectLists.ReadNode(ref json);
        _facts.Nodes[name] = addresses;
    }

    private async Task<WorkloadFacts> ReadWorkloadAsync(SeenNode node, CancellationToken cancel)
    {
        if (node.Kind is "pod" or "Pod")
        {
            foreach (PodFacts pod in _facts.In(node.Namespace).Pods)
            {
                if (pod.Name == node.Name)
                {
                    return pod.HostNetwork ? new WorkloadFacts(PodSelector.Of(pod.Labels), "it is in its node's network, where no policy selects it", pod.Labels, true)
                        : pod.Labels.Count > 0 ? new WorkloadFacts(PodSelector.Of(pod.Labels), "", pod.Labels)
                        : WorkloadFacts.Unknown("the pod has no labels");
                }
            }

            return WorkloadFacts.Unknown("there is no such pod now");
        }

        string? version = null;
        foreach ((string Kind, string ApiVersion) known in Versions)
        {
            version = known.Kind == node.Kind ? known.ApiVersion : version;
        }

        string? plural = version is null ? null : ResourceNames.WellKnown(version, node.Kind);
        if (plural is null)
        {
            return WorkloadFacts.Unknown($"how a {node.Kind} selects its pods is not known");
        }

        string root = version!.Contains('/') ? "apis/" : "api/";
        string path = $"{root}{version}/namespaces/{Uri.EscapeDataString(node.Namespace)}/{plural}/{Uri.EscapeDataString(node.Name)}";
        try
        {
            byte[] document = await FetchAsync(path, cancel).ConfigureAwait(false);
            return Parse(path, () => WorkloadDocument.Parse(document, node.Kind));
        }
        catch (ApiException e) when (e.IsDenied)
        {
            return WorkloadFacts.Unknown(e.Code == 404 ? "it is not there now" : $"{plural} may not be read (the verb get)");
        }
    }

    private async Task ListAsync(string path, string what, ObjectLists.ItemReader read, CancellationToken cancel, string filter = "")
    {
        string next = "";
        do
        {
            string query = next.Length == 0 ? "" : "&continue=" + Uri.EscapeDataString(next);
            try
            {
                byte[] page = await FetchAsync($"{path}?limit={PageSize}{filter}{query}", cancel).ConfigureAwait(false);
                next = Parse(path, () => ObjectLists.Parse(page, read));
            }
            catch (ApiException e) when (e.IsDenied)
            {
                _facts.Gaps.Add($"{what} could not be read: {e.Message}");
                return;
            }
        }
        while (next.Length > 0);
    }

    private async Task<byte[]> FetchAsync(string path, CancellationToken cancel)
    {
        using ApiStream body = await client.GetAsync(path, ApiClient.Json, compressed: true, cancel).ConfigureAwait(false);
        return await BoundedBody.ReadAsync(body, MaxDocumentBytes, cancel).ConfigureAwait(false)
            ?? throw new BadResponseException($"{path.Split('?')[0]}: the answer is larger than {MaxDocumentBytes >> 20} MB");
    }

    private static T Parse<T>(string path, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new BadResponseException($"{path}: the answer is not the JSON expected");
        }
    }
}
