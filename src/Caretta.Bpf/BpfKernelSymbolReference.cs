namespace Caretta.Bpf;

/// <summary>An instruction of a linked program that must become a symbol of the kernel.</summary>
/// <param name="InstructionIndex">Index of the call, or of the first of the two slots of a 64-bit immediate.</param>
/// <param name="SymbolIndex">Index into <see cref="BpfObject.KernelSymbols"/>.</param>
/// <param name="IsCall">Whether the instruction calls the symbol; otherwise it loads its address.</param>
public readonly record struct BpfKernelSymbolReference(int InstructionIndex, int SymbolIndex, bool IsCall);
