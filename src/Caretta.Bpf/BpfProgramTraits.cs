namespace Caretta.Bpf;

/// <summary>How a program is verified (<c>include/uapi/linux/bpf.h, prog_flags of BPF_PROG_LOAD</c>).</summary>
[Flags]
public enum BpfProgramTraits : uint
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary><c>BPF_F_SLEEPABLE</c>: it may call helpers that sleep; Linux 5.10.</summary>
    Sleepable = 1 << 4,

    /// <summary><c>BPF_F_XDP_HAS_FRAGS</c>: it understands packets in several buffers; Linux 5.18.</summary>
    XdpHasFragments = 1 << 5,
}
