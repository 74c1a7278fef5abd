namespace Caretta.Bpf;

/// <summary>An element that a map of maps or a program array holds from the start.</summary>
/// <param name="Slot">Key of the element.</param>
/// <param name="TargetIndex">
/// What to put there: an index into <see cref="BpfObject.Programs"/> for a <see cref="BpfMapType.ProgramArray"/> or struct_ops, into
/// <see cref="BpfObject.Maps"/> for maps of maps.
/// </param>
public readonly record struct BpfInitialSlot(uint Slot, int TargetIndex);
