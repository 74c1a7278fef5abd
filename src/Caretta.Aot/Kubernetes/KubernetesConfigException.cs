namespace Caretta.Aot.Kubernetes;

/// <summary>A way to the API server cannot be made out of what was found. The message says where, what, and what would do.</summary>
internal sealed class KubernetesConfigException : Exception
{
    /// <summary>With a message for whoever set it up.</summary>
    public KubernetesConfigException(string message)
        : base(message)
    {
    }

    /// <summary>With the failure behind it.</summary>
    public KubernetesConfigException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
