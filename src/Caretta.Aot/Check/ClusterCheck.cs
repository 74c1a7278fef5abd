using Caretta.Aot.Kubernetes;

namespace Caretta.Aot.Check;

/// <summary>Where names would come from, whether the API server answers, and what it lets the agent read.</summary>
internal static class ClusterCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Looks for a cluster as the agent does, and asks it for everything the agent would.</summary>
    /// <param name="environment">The value of a variable, or null.</param>
    /// <param name="withSlices">Whether services are to be shown as the workloads behind them.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<IReadOnlyList<CheckItem>> RunAsync(Func<string, string?> environment, bool withSlices, CancellationToken cancel)
    {
        KubernetesConfig? config;
        try
        {
            config = KubernetesConfig.Find(environment, TimeProvider.System);
        }
        catch (KubernetesConfigException e)
        {
            return [new CheckItem("cluster", CheckState.Failed, e.Message, "mend it, or unset KUBECONFIG and KUBERNETES_SERVICE_HOST to do without a cluster")];
        }

        if (config is null)
        {
            return [new CheckItem("cluster", CheckState.Ok, "none (KUBECONFIG and KUBERNETES_SERVICE_HOST are not set): names are this machine's own")];
        }

        string server = $"{config.Server} ({config.Source})";
        try
        {
            using var client = new ApiClient(config, new ApiClientOptions { ConnectTimeout = Patience, HeadTimeout = Patience });
            string space = config.Namespace.Length > 0 ? config.Namespace : "default";
            IReadOnlyList<AccessRight> rights = await ClusterAccess.TryAsync(client, space, withSlices, cancel).ConfigureAwait(false);
            return
            [
                new CheckItem("cluster", CheckState.Ok, server),
                Judge("cluster names", [.. rights.Where(static right => right.Verb != "get")], "may be listed and watched", "names will lack them"),
                Judge("owners", [.. rights.Where(static right => right.Verb == "get")], "may be read", "what they own is shown by its direct controller"),
            ];
        }
        catch (ApiException e) when (e.Code == 401)
        {
            return [new CheckItem("cluster", CheckState.Warning, $"{server}: {e.Message}",
                "the server does not accept who the agent says it is: renew the token or certificate; names wait until then")];
        }
        catch (Exception e) when (ApiClient.IsTransient(e))
        {
            return [new CheckItem("cluster", CheckState.Warning, $"{server}: {ApiClient.Describe(e)}",
                "see that this machine reaches the address and trusts its certificate; the agent starts, and names wait until the server answers")];
        }
    }

    private static CheckItem Judge(string name, AccessRight[] rights, string granted, string loss)
    {
        AccessRight[] denied = [.. rights.Where(static right => !right.IsGranted)];
        if (denied.Length == 0)
        {
            return new CheckItem(name, CheckState.Ok, $"{string.Join(", ", rights.Select(static right => right.Resource).Distinct())} {granted}");
        }

        // One rule for each resource, as a ClusterRole has them.
        IEnumerable<string> rules = denied.Select(static right => (right.Resource, right.Group)).Distinct().Select(kind =>
        {
            IEnumerable<string> verbs = denied
                .Where(right => (right.Resource, right.Group) == kind)
                .Select(static right => $"\"{right.Verb}\"");
            return $"apiGroups: [\"{kind.Group}\"], resources: [\"{kind.Resource}\"], verbs: [{string.Join(", ", verbs)}]";
        });
        string what = string.Join(", ", denied.Select(static right => right.Resource).Distinct().Select(resource =>
            $"{resource} ({string.Join(", ", denied.Where(right => right.Resource == resource).Select(static right => right.Verb))})"));
        return new CheckItem(name, CheckState.Warning, $"not allowed, or not there: {what}; {loss}", "the agent's ClusterRole needs " + string.Join("; ", rules));
    }
}
