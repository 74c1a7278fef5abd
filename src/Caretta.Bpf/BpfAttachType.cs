namespace Caretta.Bpf;

/// <summary>
/// Where a program is attached, with the kernel's numbers (<c>include/uapi/linux/bpf.h, enum bpf_attach_type</c>) and the first release
/// that has it. 0 is a real value there and also what programs without an attach type send.
/// </summary>
public enum BpfAttachType
{
    /// <summary><c>BPF_CGROUP_INET_INGRESS</c>, Linux 4.10.</summary>
    CgroupInetIngress = 0,

    /// <summary><c>BPF_CGROUP_INET_EGRESS</c>, Linux 4.10.</summary>
    CgroupInetEgress = 1,

    /// <summary><c>BPF_CGROUP_INET_SOCK_CREATE</c>, Linux 4.10.</summary>
    CgroupInetSockCreate = 2,

    /// <summary><c>BPF_CGROUP_SOCK_OPS</c>, Linux 4.13.</summary>
    CgroupSockOps = 3,

    /// <summary><c>BPF_SK_SKB_STREAM_PARSER</c>, Linux 4.14.</summary>
    SkSkbStreamParser = 4,

    /// <summary><c>BPF_SK_SKB_STREAM_VERDICT</c>, Linux 4.14.</summary>
    SkSkbStreamVerdict = 5,

    /// <summary><c>BPF_CGROUP_DEVICE</c>, Linux 4.15.</summary>
    CgroupDevice = 6,

    /// <summary><c>BPF_SK_MSG_VERDICT</c>, Linux 4.17.</summary>
    SkMsgVerdict = 7,

    /// <summary><c>BPF_CGROUP_INET4_BIND</c>, Linux 4.17.</summary>
    CgroupInet4Bind = 8,

    /// <summary><c>BPF_CGROUP_INET6_BIND</c>, Linux 4.17.</summary>
    CgroupInet6Bind = 9,

    /// <summary><c>BPF_CGROUP_INET4_CONNECT</c>, Linux 4.17.</summary>
    CgroupInet4Connect = 10,

    /// <summary><c>BPF_CGROUP_INET6_CONNECT</c>, Linux 4.17.</summary>
    CgroupInet6Connect = 11,

    /// <summary><c>BPF_CGROUP_INET4_POST_BIND</c>, Linux 4.17.</summary>
    CgroupInet4PostBind = 12,

    /// <summary><c>BPF_CGROUP_INET6_POST_BIND</c>, Linux 4.17.</summary>
    CgroupInet6PostBind = 13,

    /// <summary><c>BPF_CGROUP_UDP4_SENDMSG</c>, Linux 4.18.</summary>
    CgroupUdp4Sendmsg = 14,

    /// <summary><c>BPF_CGROUP_UDP6_SENDMSG</c>, Linux 4.18.</summary>
    CgroupUdp6Sendmsg = 15,

    /// <summary><c>BPF_LIRC_MODE2</c>, Linux 4.18.</summary>
    LircMode2 = 16,

    /// <summary><c>BPF_FLOW_DISSECTOR</c>, Linux 4.20.</summary>
    FlowDissector = 17,

    /// <summary><c>BPF_CGROUP_SYSCTL</c>, Linux 5.2.</summary>
    CgroupSysctl = 18,

    /// <summary><c>BPF_CGROUP_UDP4_RECVMSG</c>, Linux 5.2.</summary>
    CgroupUdp4Recvmsg = 19,

    /// <summary><c>BPF_CGROUP_UDP6_RECVMSG</c>, Linux 5.2.</summary>
    CgroupUdp6Recvmsg = 20,

    /// <summary><c>BPF_CGROUP_GETSOCKOPT</c>, Linux 5.3.</summary>
    CgroupGetsockopt = 21,

    /// <summary><c>BPF_CGROUP_SETSOCKOPT</c>, Linux 5.3.</summary>
    CgroupSetsockopt = 22,

    /// <summary><c>BPF_TRACE_RAW_TP</c>, Linux 5.5.</summary>
    TraceRawTracepoint = 23,

    /// <summary><c>BPF_TRACE_FENTRY</c>, Linux 5.5.</summary>
    TraceFentry = 24,

    /// <summary><c>BPF_TRACE_FEXIT</c>, Linux 5.5.</summary>
    TraceFexit = 25,

    /// <summary><c>BPF_MODIFY_RETURN</c>, Linux 5.7.</summary>
    ModifyReturn = 26,

    /// <summary><c>BPF_LSM_MAC</c>, Linux 5.7.</summary>
    LsmMac = 27,

    /// <summary><c>BPF_TRACE_ITER</c>, Linux 5.8.</summary>
    TraceIterator = 28,

    /// <summary><c>BPF_CGROUP_INET4_GETPEERNAME</c>, Linux 5.8.</summary>
    CgroupInet4Getpeername = 29,

    /// <summary><c>BPF_CGROUP_INET6_GETPEERNAME</c>, Linux 5.8.</summary>
    CgroupInet6Getpeername = 30,

    /// <summary><c>BPF_CGROUP_INET4_GETSOCKNAME</c>, Linux 5.8.</summary>
    CgroupInet4Getsockname = 31,

    /// <summary><c>BPF_CGROUP_INET6_GETSOCKNAME</c>, Linux 5.8.</summary>
    CgroupInet6Getsockname = 32,

    /// <summary><c>BPF_XDP_DEVMAP</c>, Linux 5.8.</summary>
    XdpDeviceMap = 33,

    /// <summary><c>BPF_CGROUP_INET_SOCK_RELEASE</c>, Linux 5.9.</summary>
    CgroupInetSockRelease = 34,

    /// <summary><c>BPF_XDP_CPUMAP</c>, Linux 5.9.</summary>
    XdpCpuMap = 35,

    /// <summary><c>BPF_SK_LOOKUP</c>, Linux 5.9.</summary>
    SkLookup = 36,

    /// <summary><c>BPF_XDP</c>, Linux 5.9.</summary>
    Xdp = 37,

    /// <summary><c>BPF_SK_SKB_VERDICT</c>, Linux 5.13.</summary>
    SkSkbVerdict = 38,

    /// <summary><c>BPF_SK_REUSEPORT_SELECT</c>, Linux 5.14.</summary>
    SkReuseportSelect = 39,

    /// <summary><c>BPF_SK_REUSEPORT_SELECT_OR_MIGRATE</c>, Linux 5.14.</summary>
    SkReuseportSelectOrMigrate = 40,

    /// <summary><c>BPF_PERF_EVENT</c>, Linux 5.15.</summary>
    PerfEvent = 41,

    /// <summary><c>BPF_TRACE_KPROBE_MULTI</c>, Linux 5.18.</summary>
    TraceKprobeMulti = 42,

    /// <summary><c>BPF_LSM_CGROUP</c>, Linux 6.0.</summary>
    LsmCgroup = 43,

    /// <summary><c>BPF_STRUCT_OPS</c>, Linux 6.4.</summary>
    StructOps = 44,

    /// <summary><c>BPF_NETFILTER</c>, Linux 6.4.</summary>
    Netfilter = 45,

    /// <summary><c>BPF_TCX_INGRESS</c>, Linux 6.6.</summary>
    TcxIngress = 46,

    /// <summary><c>BPF_TCX_EGRESS</c>, Linux 6.6.</summary>
    TcxEgress = 47,

    /// <summary><c>BPF_TRACE_UPROBE_MULTI</c>, Linux 6.6.</summary>
    TraceUprobeMulti = 48,

    /// <summary><c>BPF_CGROUP_UNIX_CONNECT</c>, Linux 6.7.</summary>
    CgroupUnixConnect = 49,

    /// <summary><c>BPF_CGROUP_UNIX_SENDMSG</c>, Linux 6.7.</summary>
    CgroupUnixSendmsg = 50,

    /// <summary><c>BPF_CGROUP_UNIX_RECVMSG</c>, Linux 6.7.</summary>
    CgroupUnixRecvmsg = 51,

    /// <summary><c>BPF_CGROUP_UNIX_GETPEERNAME</c>, Linux 6.7.</summary>
    CgroupUnixGetpeername = 52,

    /// <summary><c>BPF_CGROUP_UNIX_GETSOCKNAME</c>, Linux 6.7.</summary>
    CgroupUnixGetsockname = 53,

    /// <summary><c>BPF_NETKIT_PRIMARY</c>, Linux 6.7.</summary>
    NetkitPrimary = 54,

    /// <summary><c>BPF_NETKIT_PEER</c>, Linux 6.7.</summary>
    NetkitPeer = 55,

    /// <summary><c>BPF_TRACE_KPROBE_SESSION</c>, Linux 6.10.</summary>
    TraceKprobeSession = 56,

    /// <summary><c>BPF_TRACE_UPROBE_SESSION</c>, Linux 6.13.</summary>
    TraceUprobeSession = 57,

    /// <summary><c>BPF_TRACE_FSESSION</c>, Linux 7.0.</summary>
    TraceFsession = 58,
}
