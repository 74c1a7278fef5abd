namespace Caretta.Bpf.Btf;

/// <summary>What follows a type of kind <see cref="BtfKind.Int"/>: encoding, bit offset and width in one word (<c>BTF_INT_*</c>).</summary>
/// <param name="Encoding">Bit 0: signed, bit 1: character, bit 2: boolean.</param>
/// <param name="BitOffset">Bits to skip in the storage unit. Other than 0 only in bitfields of the oldest encoders.</param>
/// <param name="Bits">Width in bits.</param>
public readonly record struct BtfInteger(byte Encoding, byte BitOffset, byte Bits)
{
    /// <summary>Whether the number is in two's complement.</summary>
    public bool IsSigned => (Encoding & 1) != 0;

    /// <summary>Whether the number is a character.</summary>
    public bool IsCharacter => (Encoding & 2) != 0;

    /// <summary>Whether the number is a <c>bool</c>.</summary>
    public bool IsBoolean => (Encoding & 4) != 0;
}
