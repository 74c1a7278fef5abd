namespace Caretta.Aot.Kubernetes;

/// <summary>A reflector, whatever its type of object.</summary>
internal interface IReflector
{
    /// <summary>How it is doing. Any thread.</summary>
    ReflectorStatus Status { get; }

    /// <summary>Reflects until it is told to end. Once.</summary>
    /// <returns>A task that ends soon after <paramref name="cancel"/>, without an exception.</returns>
    Task RunAsync(CancellationToken cancel);
}
