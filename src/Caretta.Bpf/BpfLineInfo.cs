using System.Runtime.InteropServices;

namespace Caretta.Bpf;

/// <summary>Says which line of source an instruction comes from, as the kernel reads it (<c>struct bpf_line_info</c>, 16 bytes, Linux 5.0).</summary>
/// <param name="InstructionOffset">Index of the first instruction of the line.</param>
/// <param name="FileNameOffset">Name of the file, in the strings of <see cref="BpfObject.Btf"/>.</param>
/// <param name="LineOffset">Text of the line, in the same strings.</param>
/// <param name="LineColumn">Line number shifted left by 10, and the column.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct BpfLineInfo(uint InstructionOffset, uint FileNameOffset, uint LineOffset, uint LineColumn);
