namespace Caretta.Aot.Links;

/// <summary>Types of a kernel without its own, cut down to what one object asks for: a file of <c>btf/</c>.</summary>
/// <param name="Name">Where it comes from, for messages.</param>
/// <param name="Fingerprint">Which questions it answers (<see cref="Caretta.Bpf.CoreFingerprint"/>).</param>
/// <param name="Image">BTF.</param>
internal sealed record CarriedTypes(string Name, string Fingerprint, ReadOnlyMemory<byte> Image);
