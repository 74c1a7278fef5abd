namespace Caretta.Bpf;

/// <summary>What a map is created from; the kernel's <c>BPF_MAP_CREATE</c> without descriptors.</summary>
/// <param name="Name">Shown by tools; the kernel keeps 15 bytes of it (Linux 4.15).</param>
/// <param name="Type">A <c>BPF_MAP_TYPE_*</c> number.</param>
/// <param name="KeySize">Bytes.</param>
/// <param name="ValueSize">Bytes; for per-CPU maps of one CPU's value.</param>
/// <param name="MaxEntries">Entries.</param>
/// <param name="Flags"><c>BPF_F_*</c> of map creation.</param>
public readonly record struct BpfMapShape(string Name, BpfMapType Type, int KeySize, int ValueSize, uint MaxEntries, uint Flags)
{
    /// <summary>
    /// Bytes that user space exchanges with the kernel for one value: <see cref="ValueSize"/>, but for per-CPU maps one value for each
    /// possible CPU, each starting at a multiple of 8 (<c>bpf_map_value_size</c>, kernel/bpf/syscall.c).
    /// </summary>
    public int TransferSize => Type
        is BpfMapType.PerCpuHash or BpfMapType.LruPerCpuHash or BpfMapType.PerCpuArray or BpfMapType.PerCpuCgroupStorage
        ? checked((int)((((uint)ValueSize + 7) & ~7u) * (uint)PossibleCpus.Count))
        : ValueSize;
}
