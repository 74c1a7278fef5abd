namespace Caretta.Bpf;

/// <summary>Where a map of an object comes from.</summary>
public enum BpfMapKind
{
    /// <summary>Declared in the sections <c>.maps</c> or <c>maps</c>.</summary>
    Declared,

    /// <summary>Initialised variables that programs and user space may change: <c>.data</c>, <c>.data.*</c>.</summary>
    Data,

    /// <summary>Variables that start as zero: <c>.bss</c>, <c>.bss.*</c>.</summary>
    ZeroData,

    /// <summary>Constants, frozen once loaded: <c>.rodata</c>, <c>.rodata.*</c>.</summary>
    ReadOnlyData,

    /// <summary>Values of the kernel's configuration, filled in before loading and then frozen.</summary>
    KernelConfiguration,

    /// <summary>A struct of the kernel whose functions are programs: <c>.struct_ops</c>, <c>.struct_ops.link</c> (Linux 5.6).</summary>
    StructOps,
}
