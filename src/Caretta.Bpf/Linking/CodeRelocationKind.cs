namespace Caretta.Bpf.Linking;

/// <summary>What a <see cref="CodeRelocation"/> puts into its instruction.</summary>
internal enum CodeRelocationKind : byte
{
    /// <summary>A map, in a 64-bit immediate.</summary>
    Map,

    /// <summary>The address of a byte in a data section's map, in a 64-bit immediate.</summary>
    MapValue,

    /// <summary>A call of a function of the object.</summary>
    Call,

    /// <summary>A function of the object as a callback, in a 64-bit immediate.</summary>
    FunctionAddress,

    /// <summary>A kernel symbol's address, in a 64-bit immediate.</summary>
    KernelSymbol,

    /// <summary>A call of a kernel function.</summary>
    KernelCall,
}
