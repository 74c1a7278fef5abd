namespace Caretta.Bpf.Linking;

/// <summary>
/// A CO-RE relocation as <c>.BTF.ext</c> has it (<c>include/uapi/linux/bpf.h, struct bpf_core_relo</c>), instructions counted from the
/// section's start.
/// </summary>
internal readonly record struct CoreRecord(uint InstructionOffset, uint TypeId, uint AccessOffset, uint Kind);
