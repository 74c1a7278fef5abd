using Caretta.Bpf.Btf;

namespace Caretta.Bpf;

/// <summary>How an object is loaded.</summary>
public sealed record BpfLoadOptions
{
    /// <summary>
    /// Where maps that are pinned by name are found, or else put; a directory in a BPF file system. Dots in names become underscores there.
    /// </summary>
    public string PinDirectory { get; init; } = PinnedObject.DefaultDirectory;

    /// <summary>
    /// Types that describe the running kernel, for one that does not do so itself; null for its own. They must be of exactly that kernel,
    /// and serve CO-RE relocations alone: hooks and symbols that are named by type (tp_btf, fentry, LSM, iterators, typed kernel symbols)
    /// need a kernel that knows its types by the same numbers.
    /// </summary>
    public BtfTypes? KernelTypes { get; init; }
}
