namespace Caretta.Bpf.Btf;

/// <summary>What follows a type of kind <see cref="BtfKind.Array"/> (<c>struct btf_array</c>).</summary>
/// <param name="ElementTypeId">Type of one element.</param>
/// <param name="IndexTypeId">Type of the index; of no use to a loader.</param>
/// <param name="Length">Number of elements; 0 for a flexible array.</param>
public readonly record struct BtfArray(uint ElementTypeId, uint IndexTypeId, uint Length);
