using System.Runtime.InteropServices;
using System.Text.Json;
using Caretta.Bpf;
using Caretta.Bpf.CoreRelocation;

namespace Caretta.Aot.Inspect;

/// <summary>How the report calls things: in lower case, words joined by underscores; numbers go along where the kernel has one.</summary>
internal static class InspectNames
{
    /// <summary><c>raw_tracepoint</c>; <c>unspecified</c> if the section's name is not known.</summary>
    public static string Of(BpfProgramType type) => Join(type.ToString());

    /// <summary><c>hash</c>.</summary>
    public static string Of(BpfMapType type) => Join(type.ToString());

    /// <summary><c>declared</c>, <c>data</c>, <c>zero_data</c>, <c>read_only_data</c>, <c>kernel_configuration</c>.</summary>
    public static string Of(BpfMapKind kind) => Join(kind.ToString());

    /// <summary><c>address</c>, <c>variable</c>, <c>function</c>.</summary>
    public static string Of(BpfKernelSymbolKind kind) => Join(kind.ToString());

    /// <summary><c>field_byte_offset</c>; a bare number for a kind that nobody knows.</summary>
    public static string Of(CoreRelocationKind kind) => Join(kind.ToString());

    /// <summary><c>patched</c>, <c>poisoned</c>, <c>failed</c>.</summary>
    public static string Of(CoreOutcome outcome) => Join(outcome.ToString());

    /// <summary>The expected attach type; null where the program's type has none.</summary>
    public static string? Of(BpfProgramDefinition program) =>
        program.ExpectedAttachType == 0 && !program.Type.ToString().StartsWith("Cgroup", StringComparison.Ordinal)
            ? null : Join(program.ExpectedAttachType.ToString());

    /// <summary>The eight bytes of an instruction as they lie in memory.</summary>
    public static string Bytes(BpfInstruction instruction)
    {
        Span<BpfInstruction> one = [instruction];
        return Convert.ToHexStringLower(MemoryMarshal.AsBytes(one));
    }

    private static string Join(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
}
