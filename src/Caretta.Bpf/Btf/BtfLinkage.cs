namespace Caretta.Bpf.Btf;

/// <summary>
/// Who sees a function or a variable (<c>include/uapi/linux/btf.h, enum btf_func_linkage</c> and <c>BTF_VAR_*</c>;
/// the numbers of both agree).
/// </summary>
public enum BtfLinkage
{
    /// <summary>Only its own object.</summary>
    Static = 0,

    /// <summary>Defined here and visible to others.</summary>
    Global = 1,

    /// <summary>Defined elsewhere: in the kernel, a kernel module or the kernel's configuration.</summary>
    External = 2,
}
