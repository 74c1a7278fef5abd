namespace Caretta.Bpf;

/// <summary>
/// What a map is, with the kernel's numbers (<c>include/uapi/linux/bpf.h, enum bpf_map_type</c>) and the first release that has it.
/// A number that is not listed here is passed to the kernel as it is.
/// </summary>
public enum BpfMapType
{
    /// <summary>Not said: no kernel accepts it.</summary>
    Unspecified = 0,

    /// <summary><c>BPF_MAP_TYPE_HASH</c>, Linux 3.19.</summary>
    Hash = 1,

    /// <summary><c>BPF_MAP_TYPE_ARRAY</c>, Linux 3.19.</summary>
    Array = 2,

    /// <summary><c>BPF_MAP_TYPE_PROG_ARRAY</c>, Linux 4.2.</summary>
    ProgramArray = 3,

    /// <summary><c>BPF_MAP_TYPE_PERF_EVENT_ARRAY</c>, Linux 4.3.</summary>
    PerfEventArray = 4,

    /// <summary><c>BPF_MAP_TYPE_PERCPU_HASH</c>, Linux 4.6.</summary>
    PerCpuHash = 5,

    /// <summary><c>BPF_MAP_TYPE_PERCPU_ARRAY</c>, Linux 4.6.</summary>
    PerCpuArray = 6,

    /// <summary><c>BPF_MAP_TYPE_STACK_TRACE</c>, Linux 4.6.</summary>
    StackTrace = 7,

    /// <summary><c>BPF_MAP_TYPE_CGROUP_ARRAY</c>, Linux 4.8.</summary>
    CgroupArray = 8,

    /// <summary><c>BPF_MAP_TYPE_LRU_HASH</c>, Linux 4.10.</summary>
    LruHash = 9,

    /// <summary><c>BPF_MAP_TYPE_LRU_PERCPU_HASH</c>, Linux 4.10.</summary>
    LruPerCpuHash = 10,

    /// <summary><c>BPF_MAP_TYPE_LPM_TRIE</c>, Linux 4.11.</summary>
    LongestPrefixTrie = 11,

    /// <summary><c>BPF_MAP_TYPE_ARRAY_OF_MAPS</c>, Linux 4.12.</summary>
    ArrayOfMaps = 12,

    /// <summary><c>BPF_MAP_TYPE_HASH_OF_MAPS</c>, Linux 4.12.</summary>
    HashOfMaps = 13,

    /// <summary><c>BPF_MAP_TYPE_DEVMAP</c>, Linux 4.14.</summary>
    DeviceMap = 14,

    /// <summary><c>BPF_MAP_TYPE_SOCKMAP</c>, Linux 4.14.</summary>
    SocketMap = 15,

    /// <summary><c>BPF_MAP_TYPE_CPUMAP</c>, Linux 4.15.</summary>
    CpuMap = 16,

    /// <summary><c>BPF_MAP_TYPE_XSKMAP</c>, Linux 4.18.</summary>
    XdpSocketMap = 17,

    /// <summary><c>BPF_MAP_TYPE_SOCKHASH</c>, Linux 4.18.</summary>
    SocketHash = 18,

    /// <summary><c>BPF_MAP_TYPE_CGROUP_STORAGE</c>, Linux 4.19.</summary>
    CgroupStorage = 19,

    /// <summary><c>BPF_MAP_TYPE_REUSEPORT_SOCKARRAY</c>, Linux 4.19.</summary>
    ReuseportSocketArray = 20,

    /// <summary><c>BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE</c>, Linux 4.20.</summary>
    PerCpuCgroupStorage = 21,

    /// <summary><c>BPF_MAP_TYPE_QUEUE</c>, Linux 4.20.</summary>
    Queue = 22,

    /// <summary><c>BPF_MAP_TYPE_STACK</c>, Linux 4.20.</summary>
    Stack = 23,

    /// <summary><c>BPF_MAP_TYPE_SK_STORAGE</c>, Linux 5.2.</summary>
    SocketStorage = 24,

    /// <summary><c>BPF_MAP_TYPE_DEVMAP_HASH</c>, Linux 5.4.</summary>
    DeviceHash = 25,

    /// <summary><c>BPF_MAP_TYPE_STRUCT_OPS</c>, Linux 5.6.</summary>
    StructOps = 26,

    /// <summary><c>BPF_MAP_TYPE_RINGBUF</c>, Linux 5.8.</summary>
    RingBuffer = 27,

    /// <summary><c>BPF_MAP_TYPE_INODE_STORAGE</c>, Linux 5.10.</summary>
    InodeStorage = 28,

    /// <summary><c>BPF_MAP_TYPE_TASK_STORAGE</c>, Linux 5.11.</summary>
    TaskStorage = 29,

    /// <summary><c>BPF_MAP_TYPE_BLOOM_FILTER</c>, Linux 5.16.</summary>
    BloomFilter = 30,

    /// <summary><c>BPF_MAP_TYPE_USER_RINGBUF</c>, Linux 6.1.</summary>
    UserRingBuffer = 31,

    /// <summary><c>BPF_MAP_TYPE_CGRP_STORAGE</c>, Linux 6.2.</summary>
    CgroupLocalStorage = 32,

    /// <summary><c>BPF_MAP_TYPE_ARENA</c>, Linux 6.9.</summary>
    Arena = 33,
}
