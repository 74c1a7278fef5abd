namespace Caretta.Bpf;

/// <summary>What an iterator is confined to. The default confines nothing.</summary>
public sealed class BpfIteratorTarget
{
    private BpfIteratorTarget(string description) => Description = description;

    /// <summary>For messages.</summary>
    internal string Description { get; }

    /// <summary>The map to walk.</summary>
    internal BpfMap? Map { get; private init; }

    /// <summary>The cgroup to start from.</summary>
    internal string? CgroupPath { get; private init; }

    /// <summary>How to walk from there.</summary>
    internal BpfCgroupOrder Order { get; private init; }

    /// <summary>The thread, or 0.</summary>
    internal uint ThreadId { get; private init; }

    /// <summary>The process, or 0.</summary>
    internal uint ProcessId { get; private init; }

    /// <summary>The elements of one map, for <c>bpf_map_elem</c>, <c>bpf_sk_storage_map</c>, <c>sockmap</c>. Linux 5.9.</summary>
    public static BpfIteratorTarget ElementsOf(BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        return new BpfIteratorTarget($"map {map.Name}") { Map = map };
    }

    /// <summary>One thread, for <c>task</c>, <c>task_file</c> and <c>task_vma</c>. Linux 6.1.</summary>
    public static BpfIteratorTarget Thread(int threadId) => new($"thread {threadId}") { ThreadId = (uint)threadId };

    /// <summary>All threads of a process, for <c>task</c>, <c>task_file</c> and <c>task_vma</c>. Linux 6.1.</summary>
    public static BpfIteratorTarget Process(int processId) => new($"process {processId}") { ProcessId = (uint)processId };

    /// <summary>A part of the cgroup tree, for <c>cgroup</c>. Linux 6.1.</summary>
    public static BpfIteratorTarget Cgroup(string path, BpfCgroupOrder order)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new BpfIteratorTarget($"cgroup {path}") { CgroupPath = path, Order = order };
    }
}
