using System.Text.Json.Nodes;

namespace Caretta.Cluster.Tests.Support;

/// <summary>Where objects lie on the API server.</summary>
internal static class KubePath
{
    private static readonly HashSet<string> ClusterWide = ["Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"];

    /// <summary>The path of an object, or of the collection that it belongs to.</summary>
    public static string Of(JsonObject manifest, bool withName = true)
    {
        string kind = (string)manifest["kind"]!;
        string? space = ClusterWide.Contains(kind) ? null : (string?)manifest["metadata"]!["namespace"] ?? "default";
        return Of((string)manifest["apiVersion"]!, kind, space, withName ? (string)manifest["metadata"]!["name"]! : null);
    }

    /// <summary>The path of an object, or of the collection if it has no name.</summary>
    /// <param name="apiVersion">Say <c>apps/v1</c>.</param>
    /// <param name="kind">Its plural must be regular: nothing ends in <c>y</c> or <c>ss</c>.</param>
    /// <param name="space">The namespace; null for all of them, and for what has none.</param>
    /// <param name="name">Null for the collection.</param>
    public static string Of(string apiVersion, string kind, string? space, string? name)
    {
        string root = apiVersion.Contains('/', StringComparison.Ordinal) ? "/apis/" : "/api/";
        string within = space is null ? "" : $"/namespaces/{space}";
        return $"{root}{apiVersion}{within}/{kind.ToLowerInvariant()}s{(name is null ? "" : "/" + name)}";
    }

    public static string Pods(string? space = null) => Of("v1", "Pod", space, null);

    public static string Pod(string space, string name) => Of("v1", "Pod", space, name);
}
