namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Tries what the agent is going to ask the API server for, one small request for each right. Nothing is read but the heads of the responses.
/// </summary>
internal static class ClusterAccess
{
    // Of an object that nobody has: who may not read the kind is refused, and everybody else is told that it is not there.
    private const string NoSuchObject = "caretta-check";

    // Owners of pods that every cluster knows: plural, group, path.
    private static readonly (string Resource, string Group, string Path)[] Owners =
    [
        ("replicasets", "apps", "apis/apps/v1"),
        ("deployments", "apps", "apis/apps/v1"),
        ("statefulsets", "apps", "apis/apps/v1"),
        ("daemonsets", "apps", "apis/apps/v1"),
        ("jobs", "batch", "apis/batch/v1"),
        ("cronjobs", "batch", "apis/batch/v1"),
        ("replicationcontrollers", "", "api/v1"),
    ];

    /// <summary>Tries everything, in turn.</summary>
    /// <param name="client">Reaches the server.</param>
    /// <param name="space">A namespace to look for owners in.</param>
    /// <param name="withSlices">Whether EndpointSlices are wanted.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>What is wanted, and whether it may be had.</returns>
    /// <remarks>Throws as <see cref="ApiClient.GetAsync(string, string, bool, CancellationToken)"/> where an answer is no refusal of one kind.</remarks>
    public static async Task<IReadOnlyList<AccessRight>> TryAsync(ApiClient client, string space, bool withSlices, CancellationToken cancel)
    {
        List<(string Resource, string Group, string Path)> watched =
        [
            (ObjectTypes.Pods.Resource, ObjectTypes.Pods.Group, ObjectTypes.Pods.Path),
            (ObjectTypes.Services.Resource, ObjectTypes.Services.Group, ObjectTypes.Services.Path),
            (ObjectTypes.Nodes.Resource, ObjectTypes.Nodes.Group, ObjectTypes.Nodes.Path),
        ];
        if (withSlices)
        {
            watched.Add((ObjectTypes.EndpointSlices.Resource, ObjectTypes.EndpointSlices.Group, ObjectTypes.EndpointSlices.Path));
        }

        List<AccessRight> rights = [];
        foreach ((string resource, string group, string path) in watched)
        {
            rights.Add(new AccessRight("list", resource, group, await IsGrantedAsync(client, $"{path}?limit=1", missingIsFine: false, cancel).ConfigureAwait(false)));
            rights.Add(new AccessRight("watch", resource, group, await IsGrantedAsync(client, $"{path}?watch=true&timeoutSeconds=1", missingIsFine: false, cancel).ConfigureAwait(false)));
        }

        foreach ((string resource, string group, string path) in Owners)
        {
            string one = $"{path}/namespaces/{Uri.EscapeDataString(space)}/{resource}/{NoSuchObject}";
            rights.Add(new AccessRight("get", resource, group, await IsGrantedAsync(client, one, missingIsFine: true, cancel).ConfigureAwait(false)));
        }

        return rights;
    }

    private static async Task<bool> IsGrantedAsync(ApiClient client, string path, bool missingIsFine, CancellationToken cancel)
    {
        try
        {
            using ApiStream body = await client.GetAsync(path, ApiClient.Json, compressed: true, cancel).ConfigureAwait(false);
            return true;
        }
        catch (ApiException e) when (e.IsDenied)
        {
            return missingIsFine && e.Code == 404;
        }
    }
}
