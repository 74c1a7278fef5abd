namespace Caretta.Bpf;

/// <summary>Which cgroups an iterator visits, and when (<c>include/uapi/linux/bpf.h, enum bpf_cgroup_iter_order</c>, Linux 6.1).</summary>
public enum BpfCgroupOrder
{
    /// <summary>The one named.</summary>
    Self = 1,

    /// <summary>It and all below it, parents first.</summary>
    ParentsFirst = 2,

    /// <summary>It and all below it, children first.</summary>
    ChildrenFirst = 3,

    /// <summary>It and all above it.</summary>
    Ancestors = 4,
}
