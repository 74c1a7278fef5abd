namespace Caretta.Bpf.Btf;

/// <summary>One value of an enumeration (<c>struct btf_enum</c>, <c>struct btf_enum64</c>).</summary>
/// <param name="NameOffset">Name, for <see cref="BtfTypes.NameOf"/>.</param>
/// <param name="Value">
/// The value as 64 bits: sign-extended when the enumeration is signed, zero-extended when not. Reinterpret it by
/// <paramref name="IsSigned"/>.
/// </param>
/// <param name="IsSigned">Whether the enumeration was declared with negative values; older encoders never say so.</param>
public readonly record struct BtfEnumerator(uint NameOffset, ulong Value, bool IsSigned);
