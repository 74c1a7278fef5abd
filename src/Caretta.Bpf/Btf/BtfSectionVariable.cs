namespace Caretta.Bpf.Btf;

/// <summary>Place of one variable in its section (<c>struct btf_var_secinfo</c>).</summary>
/// <param name="TypeId">The variable; a function in sections of kernel functions.</param>
/// <param name="Offset">Distance from the start of the section, in bytes. Compilers leave it 0, for the loader to fill in.</param>
/// <param name="Size">Size of the variable in bytes.</param>
public readonly record struct BtfSectionVariable(uint TypeId, uint Offset, uint Size);
