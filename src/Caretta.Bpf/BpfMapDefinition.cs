namespace Caretta.Bpf;

/// <summary>
/// A map as the object file describes it. Numbers are exactly those of the object: rounding ring buffers, counting processors or
/// dropping what an old kernel does not know is the loader's work. They may be changed until the map is created.
/// </summary>
/// <remarks>Not thread-safe: change it from the thread that loads the object.</remarks>
public sealed class BpfMapDefinition
{
    /// <summary><c>BPF_F_RDONLY_PROG</c>: programs cannot write (Linux 5.2).</summary>
    public const uint ReadOnlyForPrograms = 1 << 7;

    /// <summary><c>BPF_F_MMAPABLE</c>: user space may map the values into its memory (Linux 5.5).</summary>
    public const uint Mmapable = 1 << 10;

    private ReadOnlyMemory<byte> _image;
    private byte[]? _value;

    /// <summary>Creates a map that is declared.</summary>
    internal BpfMapDefinition(int index, string name)
    {
        Index = index;
        Name = name;
    }

    /// <summary>Creates a map for a data section of <paramref name="size"/> bytes that start as <paramref name="image"/>, then zeroes.</summary>
    internal BpfMapDefinition(int index, string name, BpfMapKind kind, uint size, ReadOnlyMemory<byte> image)
        : this(index, name)
    {
        Kind = kind;
        Type = BpfMapType.Array;
        KeySize = sizeof(uint);
        ValueSize = size;
        MaxEntries = 1;
        Flags = IsReadOnly ? ReadOnlyForPrograms : 0;
        _image = image;
    }

    /// <summary>Creates a map for a struct of the kernel that <paramref name="image"/> is the value of.</summary>
    internal BpfMapDefinition(int index, string name, uint structTypeId, uint size, ReadOnlyMemory<byte> image)
        : this(index, name)
    {
        Kind = BpfMapKind.StructOps;
        Type = BpfMapType.StructOps;
        KeySize = sizeof(uint);
        ValueSize = size;
        MaxEntries = 1;
        StructTypeId = structTypeId;
        _image = image;
    }

    /// <summary>Position in <see cref="BpfObject.Maps"/>; −1 for an inner map, which only serves as a pattern.</summary>
    public int Index { get; }

    /// <summary>Name of the variable, or of the section for <see cref="IsData"/>; unshortened. The kernel keeps 15 bytes of it.</summary>
    public string Name { get; }

    /// <summary>Where it comes from.</summary>
    public BpfMapKind Kind { get; }

    /// <summary>Map type.</summary>
    public BpfMapType Type { get; set; }

    /// <summary>Bytes in a key.</summary>
    public uint KeySize { get; set; }

    /// <summary>Bytes in a value.</summary>
    public uint ValueSize { get; set; }

    /// <summary>Most entries it can hold; of a ring buffer, bytes.</summary>
    public uint MaxEntries { get; set; }

    /// <summary><c>BPF_F_*</c> flags for creation.</summary>
    /// <remarks><see cref="Mmapable"/> is never set for a data section: ask <see cref="IsMmapable"/>, kernels before 5.5 refuse the flag.</remarks>
    public uint Flags { get; set; }

    /// <summary>A number whose meaning depends on the type (Linux 5.16).</summary>
    public ulong MapExtra { get; set; }

    /// <summary>Memory node to allocate from if <see cref="Flags"/> has <c>BPF_F_NUMA_NODE</c>.</summary>
    public uint NumaNode { get; set; }

    /// <summary>
    /// Whether loading the object creates the map. Programs that are loaded all the same may use one that is not created only where the
    /// verifier sees that they never get there.
    /// </summary>
    public bool AutoCreate { get; set; } = true;

    /// <summary>Whether a kernel that refuses the map goes on without it, as if <see cref="AutoCreate"/> were off.</summary>
    public bool IsOptional { get; set; }

    /// <summary>Whether to take it from, or else to put it at, <c>/sys/fs/bpf/</c> and its name.</summary>
    public bool PinByName { get; set; }

    /// <summary>Type of the key in <see cref="BpfObject.Btf"/>, 0 if it has none.</summary>
    public uint BtfKeyTypeId { get; set; }

    /// <summary>Type of the value in <see cref="BpfObject.Btf"/>, of a data section its <c>DATASEC</c>; 0 if it has none.</summary>
    public uint BtfValueTypeId { get; set; }

    /// <summary>What the maps in a map of maps look like; <see langword="null"/> if this is none or its author did not say.</summary>
    public BpfMapDefinition? InnerMap { get; internal set; }

    /// <summary>
    /// What it holds from the start, in ascending order of slots: maps once they are created, programs once they are loaded. Slots that
    /// are not listed stay empty. The slots of a struct are its members, as the object numbers them.
    /// </summary>
    public IReadOnlyList<BpfInitialSlot> InitialSlots { get; internal set; } = [];

    /// <summary>Whether it holds the variables of a data section.</summary>
    public bool IsData => Kind is not (BpfMapKind.Declared or BpfMapKind.StructOps);

    /// <summary>For <see cref="BpfMapKind.StructOps"/>: the struct in <see cref="BpfObject.Btf"/>.</summary>
    internal uint StructTypeId { get; }

    /// <summary>Whether user space freezes it (Linux 5.2) after writing the initial value.</summary>
    public bool IsReadOnly => Kind is BpfMapKind.ReadOnlyData or BpfMapKind.KernelConfiguration;

    /// <summary>
    /// Whether user space may map a data section: at least one of its variables is visible outside of its source file. Ask the kernel for
    /// it with <see cref="Mmapable"/>.
    /// </summary>
    public bool IsMmapable { get; internal set; }

    /// <summary>
    /// The bytes of element 0 of a data section or a struct, or of the variables at the start of an arena, to be changed until the map is
    /// created; empty for other maps. Never moves.
    /// </summary>
    public Memory<byte> InitialValue => _value ??= Materialize();

    /// <summary>Gives an arena the variables that lie at its start.</summary>
    internal void SetArenaVariables(ReadOnlyMemory<byte> image) => _image = image;

    /// <summary>Whether the initial value is all zero, as a new map is anyway: nobody has asked for it and the object has no bytes for it.</summary>
    public bool IsInitiallyZero => _value is null ? _image.IsEmpty : !_value.AsSpan().ContainsAnyExcept((byte)0);

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Type}, {KeySize} -> {ValueSize} bytes, {MaxEntries} entries)";

    // Not in the constructor: an object of a few bytes may declare zeroes of many megabytes and never be loaded.
    private byte[] Materialize()
    {
        byte[] value = new byte[Kind == BpfMapKind.Declared ? (uint)_image.Length : ValueSize];
        _image.Span.CopyTo(value);
        return value;
    }
}
