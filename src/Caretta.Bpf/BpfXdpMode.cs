namespace Caretta.Bpf;

/// <summary>Where on a packet's way an XDP program runs (<c>include/uapi/linux/if_link.h, XDP_FLAGS_*</c>).</summary>
public enum BpfXdpMode
{
    /// <summary>In the driver if it can, else behind it.</summary>
    Any = 0,

    /// <summary>Behind the driver, for every device: slower, Linux 4.12.</summary>
    Generic = 1 << 1,

    /// <summary>In the driver; refused with EOPNOTSUPP if it cannot. Linux 4.8.</summary>
    Native = 1 << 2,

    /// <summary>On the device itself. Linux 4.13.</summary>
    Hardware = 1 << 3,
}
