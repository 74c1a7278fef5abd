namespace Caretta.Aot.Links;

/// <summary>
/// Things of the kernel that the agent may be told to do without, by the variable <see cref="KernelPartList.Variable"/>: for developers, who walk the
/// paths of older kernels on a newer one.
/// </summary>
[Flags]
internal enum KernelParts
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The kernel's description of its types.</summary>
    Btf = 1,

    /// <summary>The mount of cgroup v2.</summary>
    Cgroup = 2,

    /// <summary>sockops programs.</summary>
    Sockops = 4,

    /// <summary>Tracing programs, which CAP_PERFMON allows.</summary>
    Tracing = 8,

    /// <summary>The flags of segments in sockops callbacks, Linux 5.10.</summary>
    Headers = 16,

    /// <summary>Socket cookies in sockops callbacks, Linux 4.19.</summary>
    Cookie = 32,

    /// <summary>Iterators, Linux 5.8.</summary>
    Iterators = 64,

    /// <summary>Reading maps in batches, Linux 5.6.</summary>
    Batch = 128,

    /// <summary>Variables of programs, Linux 5.2; and a change of maps that waits for programs (5.0), for which they stand.</summary>
    Globals = 256,
}
