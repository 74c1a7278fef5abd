namespace Caretta.Bpf.CoreRelocation;

/// <summary>
/// The answer to one <see cref="CoreRelocationRecord"/>: what to write into the instruction, or that the kernel has no such thing.
/// </summary>
internal readonly record struct CoreFixup
{
    /// <summary>
    /// Whether nothing in the kernel answers, so that the instruction must never run. It is replaced by one the verifier rejects if it
    /// can be reached: behind a failed existence check it cannot, and the program still loads.
    /// </summary>
    public bool IsPoisoned { get; init; }

    /// <summary>The value for the running kernel; meaningless when <see cref="IsPoisoned"/>.</summary>
    public ulong Value { get; init; }

    /// <summary>The same question answered from the object's own BTF.</summary>
    public ulong LocalValue { get; init; }

    /// <summary>
    /// Whether the compiler must have written <see cref="LocalValue"/> into the instruction. It need not for bitfields, where several
    /// loads are right, and for ids, which static linking changes.
    /// </summary>
    public bool IsLocalValueCertain { get; init; }

    /// <summary>
    /// Whether <see cref="LocalValue"/> is zero-extended only because the object does not say that its enumeration is signed. Compilers
    /// do since LLVM 15; older ones knew when they wrote the instruction.
    /// </summary>
    public bool IsLocalSignUnknown { get; init; }

    /// <summary>The same of <see cref="Value"/> and the kernel; its encoder says so since pahole 1.24.</summary>
    public bool IsSignUnknown { get; init; }

    /// <summary>Bytes of the field in the object; 0 where a load could not be resized.</summary>
    public uint LocalSize { get; init; }

    /// <summary>Bytes of the field in the kernel; 0 where a load could not be resized.</summary>
    public uint TargetSize { get; init; }

    /// <summary>
    /// Whether a load of <see cref="LocalSize"/> bytes may become one of <see cref="TargetSize"/> bytes: only pointers and unsigned
    /// integers mean the same after the zero-extension of a load.
    /// </summary>
    public bool CanResize { get; init; }
}
