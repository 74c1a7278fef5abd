namespace Caretta.Bpf;

/// <summary>What an instruction asked for that is not there; it was replaced by a call that no verifier lets pass.</summary>
internal enum VerifierPoison
{
    /// <summary>A map; its index follows.</summary>
    Map,

    /// <summary>A function of the kernel; the index of its symbol follows.</summary>
    Function,

    /// <summary>A field, type or value of the kernel; the index of the instruction follows.</summary>
    Relocation,
}
