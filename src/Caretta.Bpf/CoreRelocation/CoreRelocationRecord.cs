namespace Caretta.Bpf.CoreRelocation;

/// <summary>One record of an object's relocations against kernel types (<c>include/uapi/linux/bpf.h, struct bpf_core_relo</c>).</summary>
/// <param name="InstructionIndex">Which instruction, counted in 8-byte slots from the start of its function.</param>
/// <param name="TypeId">Root type in the object's own BTF.</param>
/// <param name="AccessStringOffset">
/// The access string, as an offset into that BTF's strings: <c>0:1:2</c> is member 2 of member 1 of the root. Types have <c>0</c>,
/// enumerations the index of the value.
/// </param>
/// <param name="Kind">What is asked. Any number may come from an object; unknown ones are refused when resolved.</param>
public readonly record struct CoreRelocationRecord(int InstructionIndex, uint TypeId, uint AccessStringOffset, CoreRelocationKind Kind);
