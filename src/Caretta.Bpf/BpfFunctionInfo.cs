using System.Runtime.InteropServices;

namespace Caretta.Bpf;

/// <summary>Says that a function starts at an instruction, as the kernel reads it (<c>struct bpf_func_info</c>, 8 bytes, Linux 5.0).</summary>
/// <param name="InstructionOffset">Index of the function's first instruction.</param>
/// <param name="TypeId">Its <c>FUNC</c> in <see cref="BpfObject.Btf"/>.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct BpfFunctionInfo(uint InstructionOffset, uint TypeId);
