namespace Caretta.Bpf.Objects;

/// <summary>What the name of a program's section says about the program.</summary>
/// <param name="Name">The part of the name that is known, for example <c>tp_btf</c>.</param>
/// <param name="Type">Program type.</param>
/// <param name="AttachType">Expected attach type, or 0 where the type has none.</param>
/// <param name="Flags">Flags that the name implies, as <c>.s</c> does.</param>
/// <param name="OptionalAttachType">Whether kernels that do not know the attach type at load time accept the program without it.</param>
internal readonly record struct ProgramSection(
    string Name,
    BpfProgramType Type,
    BpfAttachType AttachType = 0,
    BpfProgramTraits Flags = BpfProgramTraits.None,
    bool OptionalAttachType = false)
{
    // The names that BPF programs in the wild use; they are libbpf's convention, documented in the kernel tree:
    // Documentation/bpf/libbpf/program_types.rst. Any of them may be followed by "/anything".
    private static readonly ProgramSection[] Known =
    [
        new("socket", BpfProgramType.SocketFilter),
        new("sk_reuseport/migrate", BpfProgramType.SkReuseport, BpfAttachType.SkReuseportSelectOrMigrate),
        new("sk_reuseport", BpfProgramType.SkReuseport, BpfAttachType.SkReuseportSelect),
        new("kprobe", BpfProgramType.Kprobe),
        new("kretprobe", BpfProgramType.Kprobe),
        new("uprobe", BpfProgramType.Kprobe),
        new("uretprobe", BpfProgramType.Kprobe),
        new("uprobe.s", BpfProgramType.Kprobe, Flags: BpfProgramTraits.Sleepable),
        new("uretprobe.s", BpfProgramType.Kprobe, Flags: BpfProgramTraits.Sleepable),
        new("kprobe.multi", BpfProgramType.Kprobe, BpfAttachType.TraceKprobeMulti),
        new("kretprobe.multi", BpfProgramType.Kprobe, BpfAttachType.TraceKprobeMulti),
        new("kprobe.session", BpfProgramType.Kprobe, BpfAttachType.TraceKprobeSession),
        new("uprobe.multi", BpfProgramType.Kprobe, BpfAttachType.TraceUprobeMulti),
        new("uretprobe.multi", BpfProgramType.Kprobe, BpfAttachType.TraceUprobeMulti),
        new("uprobe.session", BpfProgramType.Kprobe, BpfAttachType.TraceUprobeSession),
        new("uprobe.multi.s", BpfProgramType.Kprobe, BpfAttachType.TraceUprobeMulti, BpfProgramTraits.Sleepable),
        new("uretprobe.multi.s", BpfProgramType.Kprobe, BpfAttachType.TraceUprobeMulti, BpfProgramTraits.Sleepable),
        new("uprobe.session.s", BpfProgramType.Kprobe, BpfAttachType.TraceUprobeSession, BpfProgramTraits.Sleepable),
        new("ksyscall", BpfProgramType.Kprobe),
        new("kretsyscall", BpfProgramType.Kprobe),
        new("usdt", BpfProgramType.Kprobe),
        new("usdt.s", BpfProgramType.Kprobe, Flags: BpfProgramTraits.Sleepable),
        new("tc", BpfProgramType.TrafficClassifier),
        new("tc/ingress", BpfProgramType.TrafficClassifier, BpfAttachType.TcxIngress, OptionalAttachType: true),
        new("tc/egress", BpfProgramType.TrafficClassifier, BpfAttachType.TcxEgress, OptionalAttachType: true),
        new("tcx/ingress", BpfProgramType.TrafficClassifier, BpfAttachType.TcxIngress),
        new("tcx/egress", BpfProgramType.TrafficClassifier, BpfAttachType.TcxEgress),
        new("classifier", BpfProgramType.TrafficClassifier),
        new("action", BpfProgramType.TrafficAction),
        new("netkit/primary", BpfProgramType.TrafficClassifier, BpfAttachType.NetkitPrimary),
        new("netkit/peer", BpfProgramType.TrafficClassifier, BpfAttachType.NetkitPeer),
        new("tracepoint", BpfProgramType.Tracepoint),
        new("tp", BpfProgramType.Tracepoint),
        new("raw_tracepoint", BpfProgramType.RawTracepoint),
        new("raw_tp", BpfProgramType.RawTracepoint),
        new("raw_tracepoint.w", BpfProgramType.RawTracepointWritable),
        new("raw_tp.w", BpfProgramType.RawTracepointWritable),
        new("tp_btf", BpfProgramType.Tracing, BpfAttachType.TraceRawTracepoint),
        new("fentry", BpfProgramType.Tracing, BpfAttachType.TraceFentry),
        new("fexit", BpfProgramType.Tracing, BpfAttachType.TraceFexit),
        new("fmod_ret", BpfProgramType.Tracing, BpfAttachType.ModifyReturn),
        new("fentry.s", BpfProgramType.Tracing, BpfAttachType.TraceFentry, BpfProgramTraits.Sleepable),
        new("fexit.s", BpfProgramType.Tracing, BpfAttachType.TraceFexit, BpfProgramTraits.Sleepable),
        new("fmod_ret.s", BpfProgramType.Tracing, BpfAttachType.ModifyReturn, BpfProgramTraits.Sleepable),
        new("fsession", BpfProgramType.Tracing, BpfAttachType.TraceFsession),
        new("fsession.s", BpfProgramType.Tracing, BpfAttachType.TraceFsession, BpfProgramTraits.Sleepable),
        new("freplace", BpfProgramType.Extension),
        new("lsm", BpfProgramType.Lsm, BpfAttachType.LsmMac),
        new("lsm.s", BpfProgramType.Lsm, BpfAttachType.LsmMac, BpfProgramTraits.Sleepable),
        new("lsm_cgroup", BpfProgramType.Lsm, BpfAttachType.LsmCgroup),
        new("iter", BpfProgramType.Tracing, BpfAttachType.TraceIterator),
        new("iter.s", BpfProgramType.Tracing, BpfAttachType.TraceIterator, BpfProgramTraits.Sleepable),
        new("syscall", BpfProgramType.Syscall, Flags: BpfProgramTraits.Sleepable),
        new("xdp", BpfProgramType.Xdp, BpfAttachType.Xdp, OptionalAttachType: true),
        new("xdp.frags", BpfProgramType.Xdp, BpfAttachType.Xdp, BpfProgramTraits.XdpHasFragments),
        new("xdp/devmap", BpfProgramType.Xdp, BpfAttachType.XdpDeviceMap),
        new("xdp.frags/devmap", BpfProgramType.Xdp, BpfAttachType.XdpDeviceMap, BpfProgramTraits.XdpHasFragments),
        new("xdp/cpumap", BpfProgramType.Xdp, BpfAttachType.XdpCpuMap),
        new("xdp.frags/cpumap", BpfProgramType.Xdp, BpfAttachType.XdpCpuMap, BpfProgramTraits.XdpHasFragments),
        new("perf_event", BpfProgramType.PerfEvent),
        new("lwt_in", BpfProgramType.LwtIn),
        new("lwt_out", BpfProgramType.LwtOut),
        new("lwt_xmit", BpfProgramType.LwtXmit),
        new("lwt_seg6local", BpfProgramType.LwtSeg6Local),
        new("sockops", BpfProgramType.SockOps, BpfAttachType.CgroupSockOps, OptionalAttachType: true),
        new("sk_skb/stream_parser", BpfProgramType.SkSkb, BpfAttachType.SkSkbStreamParser, OptionalAttachType: true),
        new("sk_skb/stream_verdict", BpfProgramType.SkSkb, BpfAttachType.SkSkbStreamVerdict, OptionalAttachType: true),
        new("sk_skb/verdict", BpfProgramType.SkSkb, BpfAttachType.SkSkbVerdict, OptionalAttachType: true),
        new("sk_skb", BpfProgramType.SkSkb),
        new("sk_msg", BpfProgramType.SkMsg, BpfAttachType.SkMsgVerdict, OptionalAttachType: true),
        new("lirc_mode2", BpfProgramType.LircMode2, BpfAttachType.LircMode2, OptionalAttachType: true),
        new("flow_dissector", BpfProgramType.FlowDissector, BpfAttachType.FlowDissector, OptionalAttachType: true),
        new("cgroup_skb/ingress", BpfProgramType.CgroupSkb, BpfAttachType.CgroupInetIngress, OptionalAttachType: true),
        new("cgroup_skb/egress", BpfProgramType.CgroupSkb, BpfAttachType.CgroupInetEgress, OptionalAttachType: true),
        new("cgroup/skb", BpfProgramType.CgroupSkb),
        new("cgroup/sock_create", BpfProgramType.CgroupSocket, BpfAttachType.CgroupInetSockCreate),
        new("cgroup/sock_release", BpfProgramType.CgroupSocket, BpfAttachType.CgroupInetSockRelease),
        new("cgroup/sock", BpfProgramType.CgroupSocket, BpfAttachType.CgroupInetSockCreate, OptionalAttachType: true),
        new("cgroup/post_bind4", BpfProgramType.CgroupSocket, BpfAttachType.CgroupInet4PostBind),
        new("cgroup/post_bind6", BpfProgramType.CgroupSocket, BpfAttachType.CgroupInet6PostBind),
        new("cgroup/bind4", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet4Bind),
        new("cgroup/bind6", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet6Bind),
        new("cgroup/connect4", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet4Connect),
        new("cgroup/connect6", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet6Connect),
        new("cgroup/connect_unix", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUnixConnect),
        new("cgroup/sendmsg4", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUdp4Sendmsg),
        new("cgroup/sendmsg6", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUdp6Sendmsg),
        new("cgroup/sendmsg_unix", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUnixSendmsg),
        new("cgroup/recvmsg4", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUdp4Recvmsg),
        new("cgroup/recvmsg6", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUdp6Recvmsg),
        new("cgroup/recvmsg_unix", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUnixRecvmsg),
        new("cgroup/getpeername4", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet4Getpeername),
        new("cgroup/getpeername6", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet6Getpeername),
        new("cgroup/getpeername_unix", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUnixGetpeername),
        new("cgroup/getsockname4", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet4Getsockname),
        new("cgroup/getsockname6", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet6Getsockname),
        new("cgroup/getsockname_unix", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupUnixGetsockname),
        new("cgroup/sysctl", BpfProgramType.CgroupSysctl, BpfAttachType.CgroupSysctl),
        new("cgroup/getsockopt", BpfProgramType.CgroupSockopt, BpfAttachType.CgroupGetsockopt),
        new("cgroup/setsockopt", BpfProgramType.CgroupSockopt, BpfAttachType.CgroupSetsockopt),
        new("cgroup/dev", BpfProgramType.CgroupDevice, BpfAttachType.CgroupDevice, OptionalAttachType: true),
        new("struct_ops", BpfProgramType.StructOps),
        new("struct_ops.s", BpfProgramType.StructOps, Flags: BpfProgramTraits.Sleepable),
        new("sk_lookup", BpfProgramType.SkLookup, BpfAttachType.SkLookup),
        new("netfilter", BpfProgramType.Netfilter, BpfAttachType.Netfilter),
    ];

    private static readonly Dictionary<string, ProgramSection> ByName = Known.ToDictionary(section => section.Name);
    private static readonly int LongestName = Known.Max(section => section.Name.Length);

    /// <summary>Finds the longest known name that <paramref name="sectionName"/> is, or that a slash follows in it.</summary>
    /// <param name="sectionName">Name of the section without a leading question mark.</param>
    /// <param name="target">What follows the slash, or <see langword="null"/> if nothing does.</param>
    /// <returns>The entry, or one with <see cref="BpfProgramType.Unspecified"/> if no part of the name is known.</returns>
    public static ProgramSection Find(string sectionName, out string? target)
    {
        for (int length = sectionName.Length; length > 0; length = sectionName.LastIndexOf('/', length - 1))
        {
            if (length <= LongestName && ByName.TryGetValue(sectionName[..length], out ProgramSection section))
            {
                target = length + 1 < sectionName.Length ? sectionName[(length + 1)..] : null;
                return section;
            }
        }

        target = null;
        return default;
    }
}
