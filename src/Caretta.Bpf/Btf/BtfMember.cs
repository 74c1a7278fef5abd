namespace Caretta.Bpf.Btf;

/// <summary>One member of a struct or union (<c>struct btf_member</c>).</summary>
/// <param name="NameOffset">Name, for <see cref="BtfTypes.NameOf"/>; anonymous structs and unions have an empty one.</param>
/// <param name="TypeId">Type of the member.</param>
/// <param name="BitOffset">Distance from the start of the struct, in bits.</param>
/// <param name="BitSize">Width in bits of a bitfield, 0 for any other member.</param>
public readonly record struct BtfMember(uint NameOffset, uint TypeId, uint BitOffset, byte BitSize);
