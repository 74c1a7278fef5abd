namespace Caretta.Bpf;

/// <summary>How an object is loaded.</summary>
public sealed record BpfLoadOptions
{
    /// <summary>
    /// Where maps that are pinned by name are found, or else put; a directory in a BPF file system. Dots in names become underscores there.
    /// </summary>
    public string PinDirectory { get; init; } = PinnedObject.DefaultDirectory;
}
