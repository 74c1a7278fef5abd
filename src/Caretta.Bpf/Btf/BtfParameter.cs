namespace Caretta.Bpf.Btf;

/// <summary>One parameter of a function (<c>struct btf_param</c>).</summary>
/// <param name="NameOffset">Name, for <see cref="BtfTypes.NameOf"/>; empty in function pointers.</param>
/// <param name="TypeId">Type of the parameter; 0 in the last place means a variable number of further ones.</param>
public readonly record struct BtfParameter(uint NameOffset, uint TypeId);
