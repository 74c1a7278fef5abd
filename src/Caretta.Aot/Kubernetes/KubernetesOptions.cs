namespace Caretta.Aot.Kubernetes;

/// <summary>All limits and times towards Kubernetes.</summary>
internal sealed record KubernetesOptions
{
    /// <summary>Requests.</summary>
    public ApiClientOptions Client { get; init; } = new();

    /// <summary>Lists and watches.</summary>
    public ReflectorOptions Reflector { get; init; } = new();

    /// <summary>Owners.</summary>
    public OwnerLookupOptions Owners { get; init; } = new();
}
