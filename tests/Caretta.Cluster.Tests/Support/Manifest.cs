using System.Text.Json.Nodes;

namespace Caretta.Cluster.Tests.Support;

/// <summary>Objects to create.</summary>
internal static class Manifest
{
    /// <summary>An object with a body in JSON.</summary>
    /// <param name="apiVersion">Say <c>apps/v1</c>.</param>
    /// <param name="kind">Say <c>Deployment</c>.</param>
    /// <param name="space">The namespace; null for what has none.</param>
    /// <param name="name">The name.</param>
    /// <param name="body">The object's other members.</param>
    public static JsonObject Parse(string apiVersion, string kind, string? space, string name, string body = "{}")
    {
        JsonObject manifest = JsonNode.Parse(body)!.AsObject();
        manifest["apiVersion"] = apiVersion;
        manifest["kind"] = kind;
        JsonObject metadata = manifest["metadata"]?.AsObject() ?? [];
        manifest["metadata"] = metadata;
        metadata["name"] = name;
        if (space is not null)
        {
            metadata["namespace"] = space;
        }

        return manifest;
    }

    public static JsonObject Namespace(string name) => Parse("v1", "Namespace", null, name);

    /// <summary>A node; its addresses are status, which creation takes along.</summary>
    public static JsonObject Node(string name, params string[] addresses)
    {
        JsonObject node = Parse("v1", "Node", null, name);
        node["status"] = new JsonObject
        {
            ["addresses"] = new JsonArray([
                .. addresses.Select(static address => new JsonObject { ["type"] = "InternalIP", ["address"] = address }),
                new JsonObject { ["type"] = "Hostname", ["address"] = name },
            ]),
        };
        return node;
    }

    public static JsonObject Pod(string space, string name, string node, bool hostNetwork = false) =>
        Parse("v1", "Pod", space, name, $$"""{"spec": {{PodSpec(node, hostNetwork)}} }""");

    public static JsonObject Deployment(string space, string name, int replicas, string node) => Parse("apps/v1", "Deployment", space, name, $$"""
        {"spec": {"replicas": {{replicas}}, {{Template(name, node)}} } }
        """);

    public static JsonObject DaemonSet(string space, string name, string node) => Parse("apps/v1", "DaemonSet", space, name, $$"""
        {"spec": { {{Template(name, node)}} } }
        """);

    public static JsonObject StatefulSet(string space, string name, int replicas, string node) => Parse("apps/v1", "StatefulSet", space, name, $$"""
        {"spec": {"replicas": {{replicas}}, "serviceName": "{{name}}", "podManagementPolicy": "Parallel", {{Template(name, node)}} } }
        """);

    /// <summary>A job; the server adds selector and labels.</summary>
    public static JsonObject Job(string space, string name, string node) => Parse("batch/v1", "Job", space, name, $$"""
        {"spec": {"template": {"spec": {{PodSpec(node, hostNetwork: false, restart: "Never")}} } } }
        """);

    /// <summary>A cron job that is not due: <see cref="OwnedBy"/> hangs a job below it, as a start by hand does.</summary>
    public static JsonObject CronJob(string space, string name, string node) => Parse("batch/v1beta1", "CronJob", space, name, $$"""
        {"spec": {"schedule": "0 0 1 1 *", "suspend": true,
          "jobTemplate": {"spec": {"template": {"spec": {{PodSpec(node, hostNetwork: false, restart: "Never")}} } } } } }
        """);

    /// <summary>A service for the pods labelled <c>app: NAME</c>.</summary>
    /// <param name="space">The namespace.</param>
    /// <param name="name">Of service and label.</param>
    /// <param name="port">Of service and pods.</param>
    /// <param name="clusterAddress">Null to let the server choose, <c>None</c> for a headless one.</param>
    public static JsonObject Service(string space, string name, int port, string? clusterAddress = null)
    {
        JsonObject service = Parse("v1", "Service", space, name, $$"""
            {"spec": {"selector": {"app": "{{name}}"}, "ports": [{"port": {{port}}, "targetPort": {{port}} }]} }
            """);
        if (clusterAddress is not null)
        {
            service["spec"]!["clusterIP"] = clusterAddress;
        }

        return service;
    }

    /// <summary>A kind of one's own, as an operator brings it, with a plural that is the kind and an s.</summary>
    public static JsonObject CustomKind(string group, string kind) => Parse(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", null, $"{kind.ToLowerInvariant()}s.{group}", $$"""
        {"spec":{"group":"{{group}}","scope":"Namespaced",
          "names":{"kind":"{{kind}}","plural":"{{kind.ToLowerInvariant()}}s","singular":"{{kind.ToLowerInvariant()}}"},
          "versions":[{"name":"v1alpha1","served":true,"storage":true,
            "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true} } }]} }
        """);

    /// <summary>A service whose addresses somebody else writes.</summary>
    /// <param name="space">The namespace.</param>
    /// <param name="name">Of the service.</param>
    /// <param name="port">Of the service.</param>
    public static JsonObject ServiceWithoutSelector(string space, string name, int port) => Parse("v1", "Service", space, name, $$"""
        {"spec": {"ports": [{"name": "main", "port": {{port}} }]} }
        """);

    /// <summary>
    /// EndpointSlices in the version that clusters have since 1.21, for a server from before: defined as a kind of one's own, and so by all
    /// the same code of the server's that serves lists and selects by label.
    /// </summary>
    public static JsonObject EndpointSliceKind()
    {
        JsonObject kind = CustomKind("discovery.k8s.io", "EndpointSlice");
        kind["metadata"]!["annotations"] = new JsonObject { ["api-approved.kubernetes.io"] = "unapproved, for a test" };
        kind["spec"]!["versions"]![0]!["name"] = "v1";
        return kind;
    }

    /// <summary>Addresses behind a service.</summary>
    /// <param name="space">The namespace of both.</param>
    /// <param name="service">Name of the service.</param>
    /// <param name="port">On which they listen.</param>
    /// <param name="addresses">All of one family.</param>
    public static JsonObject EndpointSlice(string space, string service, int port, params string[] addresses)
    {
        JsonObject slice = Parse("discovery.k8s.io/v1", "EndpointSlice", space, service + "-1", $$"""
            {"addressType": "{{(addresses[0].Contains(':', StringComparison.Ordinal) ? "IPv6" : "IPv4")}}",
             "endpoints": [{"addresses": [{{string.Join(',', addresses.Select(static address => $"\"{address}\""))}}], "conditions": {"ready": true} }],
             "ports": [{"name": "main", "protocol": "TCP", "port": {{port}} }]}
            """);
        slice["metadata"]!["labels"] = new JsonObject { ["kubernetes.io/service-name"] = service };
        return slice;
    }

    /// <summary>Says in the manifest that it is controlled by an object that the server knows.</summary>
    public static JsonObject OwnedBy(this JsonObject manifest, JsonObject owner)
    {
        manifest["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = (string)owner["apiVersion"]!,
            ["kind"] = (string)owner["kind"]!,
            ["name"] = (string)owner["metadata"]!["name"]!,
            ["uid"] = (string)owner["metadata"]!["uid"]!,
            ["controller"] = true,
        });
        return manifest;
    }

    /// <summary>What the agent needs, and no more: what it watches, and owners to follow.</summary>
    public static JsonObject AgentRole() => Parse("rbac.authorization.k8s.io/v1", "ClusterRole", null, "caretta", """
        {"rules":[
          {"apiGroups":[""],"resources":["pods","services","nodes"],"verbs":["list","watch"]},
          {"apiGroups":["discovery.k8s.io"],"resources":["endpointslices"],"verbs":["list","watch"]},
          {"apiGroups":[""],"resources":["replicationcontrollers"],"verbs":["get"]},
          {"apiGroups":["apps"],"resources":["replicasets","deployments","statefulsets","daemonsets"],"verbs":["get"]},
          {"apiGroups":["batch"],"resources":["jobs","cronjobs"],"verbs":["get"]}
        ]}
        """);

    /// <summary>Gives a role to an account.</summary>
    public static JsonObject Binding(string role, string space, string account) =>
        Parse("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", null, role, $$"""
        {"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"{{role}}"},
         "subjects":[{"kind":"ServiceAccount","namespace":"{{space}}","name":"{{account}}"}]}
        """);

    private static string Template(string app, string node) => $$"""
        "selector": {"matchLabels": {"app": "{{app}}"} },
        "template": {"metadata": {"labels": {"app": "{{app}}"} }, "spec": {{PodSpec(node, hostNetwork: false)}} }
        """;

    private static string PodSpec(string node, bool hostNetwork, string restart = "Always") => $$"""
        {"nodeName":"{{node}}","hostNetwork":{{(hostNetwork ? "true" : "false")}},"restartPolicy":"{{restart}}",
         "tolerations":[{"operator":"Exists"}],
         "containers":[{"name":"main","image":"example/traffic"}]}
        """;
}
