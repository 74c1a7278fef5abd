namespace Caretta.Aot.Cluster;

/// <summary>One end of a link.</summary>
/// <param name="Workload">Number of its name; meaningless while it waits.</param>
/// <param name="IsWaiting">The right name is on its way: hold the bytes and ask again.</param>
/// <param name="IsProvisional">Named by the next best thing: ask again at later activity.</param>
internal readonly record struct NamedEnd(int Workload, bool IsWaiting = false, bool IsProvisional = false)
{
    /// <summary>An end whose name is on its way.</summary>
    public static NamedEnd Waiting => new(-1, IsWaiting: true);
}
