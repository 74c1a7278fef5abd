using System.Runtime.InteropServices;

namespace Caretta.Bpf.Interop;

/// <summary><c>struct perf_event_attr</c> of include/uapi/linux/perf_event.h, second version (PERF_ATTR_SIZE_VER1, 72 bytes).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct perf_event_attr
{
    /// <summary><c>freq</c> of the bit field <see cref="flags"/>: the period is a frequency.</summary>
    public const ulong Frequency = 1 << 10;

    public uint type;
    public uint size;
    public ulong config;
    /// <summary>Or sample_freq.</summary>
    public ulong sample_period;
    public ulong sample_type;
    public ulong read_format;
    /// <summary>The bit field that starts with <c>disabled</c>.</summary>
    public ulong flags;
    /// <summary>Or wakeup_watermark.</summary>
    public uint wakeup_events;
    public uint bp_type;
    /// <summary>Or bp_addr, kprobe_func, uprobe_path.</summary>
    public ulong config1;
    /// <summary>Or bp_len, kprobe_addr, probe_offset.</summary>
    public ulong config2;
}
