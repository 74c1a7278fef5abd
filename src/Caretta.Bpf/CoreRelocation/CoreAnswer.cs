namespace Caretta.Bpf.CoreRelocation;

/// <summary>What one image says to a question.</summary>
/// <param name="Value">The value.</param>
internal readonly record struct CoreAnswer(ulong Value)
{
    /// <summary>Whether the image has no value to give, because the type, field or enumeration value is missing.</summary>
    public bool IsMissing { get; init; }

    /// <summary>Whether the question leaves a choice, so that two compilers may differ about the same types.</summary>
    public bool IsAmbiguous { get; init; }

    /// <summary>Whether only the low 32 bits are known, because the image does not say whether its enumeration is signed.</summary>
    public bool IsSignUnknown { get; init; }

    /// <summary>Bytes of the field, 0 when a load of it cannot be resized.</summary>
    public uint Size { get; init; }

    /// <summary>Type of the field with that size.</summary>
    public uint TypeId { get; init; }
}
