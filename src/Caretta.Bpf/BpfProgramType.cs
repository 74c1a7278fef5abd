namespace Caretta.Bpf;

/// <summary>
/// What a program is, with the kernel's numbers (<c>include/uapi/linux/bpf.h, enum bpf_prog_type</c>) and the first release that has it.
/// </summary>
public enum BpfProgramType
{
    /// <summary>Not said: the section's name is not known, so the caller must choose before loading.</summary>
    Unspecified = 0,

    /// <summary><c>BPF_PROG_TYPE_SOCKET_FILTER</c>, Linux 3.19.</summary>
    SocketFilter = 1,

    /// <summary><c>BPF_PROG_TYPE_KPROBE</c>, Linux 4.1.</summary>
    Kprobe = 2,

    /// <summary><c>BPF_PROG_TYPE_SCHED_CLS</c>, Linux 4.1.</summary>
    TrafficClassifier = 3,

    /// <summary><c>BPF_PROG_TYPE_SCHED_ACT</c>, Linux 4.1.</summary>
    TrafficAction = 4,

    /// <summary><c>BPF_PROG_TYPE_TRACEPOINT</c>, Linux 4.7.</summary>
    Tracepoint = 5,

    /// <summary><c>BPF_PROG_TYPE_XDP</c>, Linux 4.8.</summary>
    Xdp = 6,

    /// <summary><c>BPF_PROG_TYPE_PERF_EVENT</c>, Linux 4.9.</summary>
    PerfEvent = 7,

    /// <summary><c>BPF_PROG_TYPE_CGROUP_SKB</c>, Linux 4.10.</summary>
    CgroupSkb = 8,

    /// <summary><c>BPF_PROG_TYPE_CGROUP_SOCK</c>, Linux 4.10.</summary>
    CgroupSocket = 9,

    /// <summary><c>BPF_PROG_TYPE_LWT_IN</c>, Linux 4.10.</summary>
    LwtIn = 10,

    /// <summary><c>BPF_PROG_TYPE_LWT_OUT</c>, Linux 4.10.</summary>
    LwtOut = 11,

    /// <summary><c>BPF_PROG_TYPE_LWT_XMIT</c>, Linux 4.10.</summary>
    LwtXmit = 12,

    /// <summary><c>BPF_PROG_TYPE_SOCK_OPS</c>, Linux 4.13.</summary>
    SockOps = 13,

    /// <summary><c>BPF_PROG_TYPE_SK_SKB</c>, Linux 4.14.</summary>
    SkSkb = 14,

    /// <summary><c>BPF_PROG_TYPE_CGROUP_DEVICE</c>, Linux 4.15.</summary>
    CgroupDevice = 15,

    /// <summary><c>BPF_PROG_TYPE_SK_MSG</c>, Linux 4.17.</summary>
    SkMsg = 16,

    /// <summary><c>BPF_PROG_TYPE_RAW_TRACEPOINT</c>, Linux 4.17.</summary>
    RawTracepoint = 17,

    /// <summary><c>BPF_PROG_TYPE_CGROUP_SOCK_ADDR</c>, Linux 4.17.</summary>
    CgroupSockAddr = 18,

    /// <summary><c>BPF_PROG_TYPE_LWT_SEG6LOCAL</c>, Linux 4.18.</summary>
    LwtSeg6Local = 19,

    /// <summary><c>BPF_PROG_TYPE_LIRC_MODE2</c>, Linux 4.18.</summary>
    LircMode2 = 20,

    /// <summary><c>BPF_PROG_TYPE_SK_REUSEPORT</c>, Linux 4.19.</summary>
    SkReuseport = 21,

    /// <summary><c>BPF_PROG_TYPE_FLOW_DISSECTOR</c>, Linux 4.20.</summary>
    FlowDissector = 22,

    /// <summary><c>BPF_PROG_TYPE_CGROUP_SYSCTL</c>, Linux 5.2.</summary>
    CgroupSysctl = 23,

    /// <summary><c>BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE</c>, Linux 5.2.</summary>
    RawTracepointWritable = 24,

    /// <summary><c>BPF_PROG_TYPE_CGROUP_SOCKOPT</c>, Linux 5.3.</summary>
    CgroupSockopt = 25,

    /// <summary><c>BPF_PROG_TYPE_TRACING</c>, Linux 5.5.</summary>
    Tracing = 26,

    /// <summary><c>BPF_PROG_TYPE_STRUCT_OPS</c>, Linux 5.6.</summary>
    StructOps = 27,

    /// <summary><c>BPF_PROG_TYPE_EXT</c>, Linux 5.6.</summary>
    Extension = 28,

    /// <summary><c>BPF_PROG_TYPE_LSM</c>, Linux 5.7.</summary>
    Lsm = 29,

    /// <summary><c>BPF_PROG_TYPE_SK_LOOKUP</c>, Linux 5.9.</summary>
    SkLookup = 30,

    /// <summary><c>BPF_PROG_TYPE_SYSCALL</c>, Linux 5.14.</summary>
    Syscall = 31,

    /// <summary><c>BPF_PROG_TYPE_NETFILTER</c>, Linux 6.4.</summary>
    Netfilter = 32,
}
