using Caretta.Aot.Identity;

namespace Caretta.Aot.Snapshots;

/// <summary>
/// Where the poll thread leaves its results and scrapes pick them up, without a lock and without waiting for one another. A scrape
/// that takes long keeps its snapshot and costs one spare buffer, nothing else.
/// <see cref="Publish"/> belongs to the poll thread; <see cref="Acquire"/> to any thread.
/// </summary>
internal sealed class SnapshotExchange
{
    // Free buffers beyond the two that take turns: slow scrapes of the past must not pin memory for good.
    private const int MaxBuffersAtRest = 3;

    private readonly AgentFacts _facts;
    private readonly List<LinkSnapshot> _buffers = [];
    private LinkSnapshot _current;

    /// <summary>Starts with an empty snapshot, so that a page can be had before the first poll.</summary>
    public SnapshotExchange(AgentFacts facts)
    {
        _facts = facts;
        _current = new LinkSnapshot(facts);
        _buffers.Add(_current);
        _current.Fill(new LinkColumns(), new WorkloadTable(), new AgentHealth(facts));
    }

    /// <summary>Buffers that exist, in use or free.</summary>
    public int BufferCount => _buffers.Count;

    /// <summary>
    /// Copies the results of a poll into a free buffer and makes it current. Allocates only when the links have outgrown the buffer
    /// or when scrapes hold all others.
    /// </summary>
    public void Publish(LinkColumns links, WorkloadTable workloads, AgentHealth health)
    {
        LinkSnapshot next = FindFree();
        next.Fill(links, workloads, health);
        LinkSnapshot previous = _current;
        Volatile.Write(ref _current, next);
        previous.Release();
    }

    /// <summary>Takes a hold on the newest snapshot. The caller releases it with <see cref="LinkSnapshot.Release"/>.</summary>
    public LinkSnapshot Acquire()
    {
        // Fails only when at least one newer snapshot was published since the read, so this ends as soon as the reader gets to run.
        while (true)
        {
            LinkSnapshot current = Volatile.Read(ref _current);
            if (current.TryAcquire())
            {
                return current;
            }
        }
    }

    private LinkSnapshot FindFree()
    {
        LinkSnapshot? free = null;
        for (int i = _buffers.Count - 1; i >= 0; i--)
        {
            if (!_buffers[i].IsFree)
            {
                continue;
            }

            if (free is null)
            {
                free = _buffers[i];
            }
            else if (_buffers.Count > MaxBuffersAtRest)
            {
                _buffers.RemoveAt(i);
            }
        }

        if (free is null)
        {
            free = new LinkSnapshot(_facts);
            _buffers.Add(free);
        }

        return free;
    }
}
