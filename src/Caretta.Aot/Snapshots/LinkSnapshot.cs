using System.Diagnostics;
using Caretta.Aot.Identity;

namespace Caretta.Aot.Snapshots;

/// <summary>
/// Everything a metric page shows, as it was at the end of one poll. Immutable while anybody holds it; the last
/// <see cref="Release"/> hands its buffers back to the poll thread for a later poll.
/// </summary>
internal sealed class LinkSnapshot
{
    // 0: free, the poll thread alone may write. Otherwise: readers, plus one while this is the current snapshot.
    private int _references;
    private Workload[] _workloads = [];

    /// <summary>An empty snapshot that nobody holds.</summary>
    public LinkSnapshot(AgentFacts facts)
    {
        Facts = facts;
        Health = new AgentHealth(facts);
    }

    /// <summary>What never changes about the agent.</summary>
    public AgentFacts Facts { get; }

    /// <summary>The agent's own numbers.</summary>
    public AgentHealth Health { get; }

    /// <summary>The links and their totals. Readers must not write through it.</summary>
    public LinkColumns Links { get; } = new();

    /// <summary>Workloads by number; covers every number in <see cref="Links"/>.</summary>
    public ReadOnlySpan<Workload> Workloads => _workloads.AsSpan(0, WorkloadCount);

    /// <summary>Workload numbers given out.</summary>
    public int WorkloadCount { get; private set; }

    /// <summary>Workloads that had a number.</summary>
    public int NameCount { get; private set; }

    /// <summary>Whether nobody holds this snapshot.</summary>
    internal bool IsFree => Volatile.Read(ref _references) == 0;

    /// <summary>Takes a hold on a snapshot that somebody holds; any thread.</summary>
    /// <returns>False when it is free: it may be overwritten, look for the current one again.</returns>
    internal bool TryAcquire()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    /// <summary>Gives up one hold; any thread. The snapshot must not be touched afterwards.</summary>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Debug.Assert(left >= 0, "a snapshot was released more often than it was acquired");
    }

    /// <summary>Fills a free snapshot and takes the first hold on it; poll thread only.</summary>
    internal void Fill(LinkColumns links, WorkloadTable workloads, AgentHealth health)
    {
        Debug.Assert(IsFree, "a snapshot that readers hold must not change");
        Links.CopyFrom(links);
        _workloads = workloads.Entries;
        WorkloadCount = workloads.Count;
        NameCount = workloads.NameCount;
        Health.CopyFrom(health);
        Volatile.Write(ref _references, 1);
    }
}
