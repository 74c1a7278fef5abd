namespace Caretta.Bpf.Linking;

/// <summary>What an instruction of a <see cref="CodeSection"/> refers to. All targets were found to exist.</summary>
/// <param name="Instruction">Index of the instruction from the start of the section.</param>
/// <param name="Kind">What it refers to.</param>
/// <param name="Target">Index of the map, function or kernel symbol.</param>
/// <param name="Offset">For <see cref="CodeRelocationKind.MapValue"/>: byte of the value, modulo 2^32.</param>
internal readonly record struct CodeRelocation(int Instruction, CodeRelocationKind Kind, int Target, uint Offset = 0);
