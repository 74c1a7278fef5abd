using Caretta.Bpf.Btf;

namespace Caretta.Bpf;

/// <summary>A type of the running kernel or of one of its modules.</summary>
/// <param name="Id">Its number there, 0 for none.</param>
/// <param name="Module">The module's types; null for the kernel proper.</param>
internal readonly record struct KernelTypeId(uint Id, BtfTypes? Module = null);
