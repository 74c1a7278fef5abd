namespace Caretta.Bpf;

/// <summary>A program in a map of struct_ops.</summary>
/// <param name="ProgramIndex">Index into <see cref="BpfObject.Programs"/>.</param>
/// <param name="Member">Number of the member in the kernel's struct, which is what the program is verified for.</param>
/// <param name="Offset">Bytes from the start of the map's value to its descriptor, 8 bytes.</param>
internal readonly record struct StructOpsFunction(int ProgramIndex, int Member, int Offset);
