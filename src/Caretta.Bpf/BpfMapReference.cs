namespace Caretta.Bpf;

/// <summary>A 64-bit immediate of a linked program that must become a map.</summary>
/// <param name="InstructionIndex">Index of the first of its two slots.</param>
/// <param name="MapIndex">Index into <see cref="BpfObject.Maps"/>.</param>
/// <param name="IsValue">Whether the address of a byte in element 0 is wanted instead of the map.</param>
/// <param name="ValueOffset">For <paramref name="IsValue"/>: which byte, modulo 2^32.</param>
public readonly record struct BpfMapReference(int InstructionIndex, int MapIndex, bool IsValue, uint ValueOffset);
