using Caretta.Bpf.Objects;
using Xunit;

namespace Caretta.Bpf.Tests;

/// <summary>Every section name that libbpf 1.8 knows, with the kernel's numbers as <c>include/uapi/linux/bpf.h</c> has them.</summary>
public sealed class ProgramSectionTests
{
    // Name, prog_type, expected_attach_type, flags (1 sleepable, 2 fragments); source: libbpf, section_defs.
    private const string Expected = """
        socket 1 0; sk_reuseport/migrate 21 40; sk_reuseport 21 39; kprobe 2 0; uprobe 2 0; uprobe.s 2 0 1; kretprobe 2 0; uretprobe 2 0;
        uretprobe.s 2 0 1; kprobe.multi 2 42; kretprobe.multi 2 42; kprobe.session 2 56; uprobe.multi 2 48; uretprobe.multi 2 48;
        uprobe.session 2 57; uprobe.multi.s 2 48 1; uretprobe.multi.s 2 48 1; uprobe.session.s 2 57 1; ksyscall 2 0; kretsyscall 2 0;
        usdt 2 0; usdt.s 2 0 1; tc/ingress 3 46; tc/egress 3 47; tcx/ingress 3 46; tcx/egress 3 47; tc 3 0; classifier 3 0; action 4 0;
        netkit/primary 3 54; netkit/peer 3 55; tracepoint 5 0; tp 5 0; raw_tracepoint 17 0; raw_tp 17 0; raw_tracepoint.w 24 0;
        raw_tp.w 24 0; tp_btf 26 23; fentry 26 24; fmod_ret 26 26; fexit 26 25; fentry.s 26 24 1; fmod_ret.s 26 26 1; fexit.s 26 25 1;
        fsession 26 58; fsession.s 26 58 1; freplace 28 0; lsm 29 27; lsm.s 29 27 1; lsm_cgroup 29 43; iter 26 28; iter.s 26 28 1;
        syscall 31 0 1; xdp.frags/devmap 6 33 2; xdp/devmap 6 33; xdp.frags/cpumap 6 35 2; xdp/cpumap 6 35; xdp.frags 6 37 2; xdp 6 37;
        perf_event 7 0; lwt_in 10 0; lwt_out 11 0; lwt_xmit 12 0; lwt_seg6local 19 0; sockops 13 3; sk_skb/stream_parser 14 4;
        sk_skb/stream_verdict 14 5; sk_skb/verdict 14 38; sk_skb 14 0; sk_msg 16 7; lirc_mode2 20 16; flow_dissector 22 17;
        cgroup_skb/ingress 8 0; cgroup_skb/egress 8 1; cgroup/skb 8 0; cgroup/sock_create 9 2; cgroup/sock_release 9 34; cgroup/sock 9 2;
        cgroup/post_bind4 9 12; cgroup/post_bind6 9 13; cgroup/bind4 18 8; cgroup/bind6 18 9; cgroup/connect4 18 10; cgroup/connect6 18 11;
        cgroup/connect_unix 18 49; cgroup/sendmsg4 18 14; cgroup/sendmsg6 18 15; cgroup/sendmsg_unix 18 50; cgroup/recvmsg4 18 19;
        cgroup/recvmsg6 18 20; cgroup/recvmsg_unix 18 51; cgroup/getpeername4 18 29; cgroup/getpeername6 18 30;
        cgroup/getpeername_unix 18 52; cgroup/getsockname4 18 31; cgroup/getsockname6 18 32; cgroup/getsockname_unix 18 53;
        cgroup/sysctl 23 18; cgroup/getsockopt 25 21; cgroup/setsockopt 25 22; cgroup/dev 15 6; struct_ops 27 0; struct_ops.s 27 0 1;
        sk_lookup 30 36; netfilter 32 45
        """;

    [Fact]
    public void Every_name_means_what_it_means_to_libbpf()
    {
        string[] entries = Expected.ReplaceLineEndings(" ").Split(';', StringSplitOptions.TrimEntries);
        foreach (string entry in entries)
        {
            uint[] numbers = [.. entry.Split(' ').Skip(1).Select(uint.Parse)];
            BpfProgramTraits flags = (numbers.Length > 2 ? numbers[2] : 0) switch
            {
                1 => BpfProgramTraits.Sleepable,
                2 => BpfProgramTraits.XdpHasFragments,
                _ => BpfProgramTraits.None,
            };
            string name = entry.Split(' ')[0];

            ProgramSection section = ProgramSection.Find(name, out string? target);

            Assert.Equal(
                (name, (BpfProgramType)numbers[0], (BpfAttachType)numbers[1], flags, null),
                (section.Name, section.Type, section.AttachType, section.Flags, target));
        }
    }
}
