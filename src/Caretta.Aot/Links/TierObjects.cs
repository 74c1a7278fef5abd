namespace Caretta.Aot.Links;

/// <summary>What is built into the agent for its tiers.</summary>
/// <param name="Main"><c>caretta.bpf.o</c>.</param>
/// <param name="SockopsTypes"><c>caretta_sockops_types.bpf.o</c>.</param>
/// <param name="Sockops"><c>caretta_sockops.bpf.o</c>.</param>
/// <param name="Tracing"><c>caretta_tracing.bpf.o</c>.</param>
/// <param name="FindTypes">Finds types carried for a kernel by its release; null where there are none.</param>
internal sealed record TierObjects(
    Func<ReadOnlyMemory<byte>> Main,
    Func<ReadOnlyMemory<byte>> SockopsTypes,
    Func<ReadOnlyMemory<byte>> Sockops,
    Func<ReadOnlyMemory<byte>> Tracing,
    Func<string, CarriedTypes?> FindTypes);
