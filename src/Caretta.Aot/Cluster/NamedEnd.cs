namespace Caretta.Aot.Cluster;

/// <summary>One end of a link.</summary>
/// <param name="Workload">Number of its name; meaningless while it waits.</param>
/// <param name="IsWaiting">The right name is on its way: hold the bytes and ask again.</param>
/// <param name="IsProvisional">Named by the next best thing: ask again at later activity.</param>
/// <param name="Holder">The object it is (<see cref="WorkloadIndex.HolderOf"/>), also while it waits; 0 if that is not known, or none.</param>
internal readonly record struct NamedEnd(int Workload, bool IsWaiting = false, bool IsProvisional = false, long Holder = 0)
{
    /// <summary>An end whose name is on its way, and nobody knows yet whose it is.</summary>
    public static NamedEnd Waiting => new(-1, IsWaiting: true);

    /// <summary>An end whose holder is known and whose name is on its way.</summary>
    public static NamedEnd WaitingFor(long holder) => new(-1, IsWaiting: true, Holder: holder);
}
