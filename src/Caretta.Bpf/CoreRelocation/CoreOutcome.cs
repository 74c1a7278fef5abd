namespace Caretta.Bpf.CoreRelocation;

/// <summary>What became of the instruction of a relocation.</summary>
public enum CoreOutcome
{
    /// <summary>It holds the value for the kernel asked.</summary>
    Patched,

    /// <summary>The kernel has no such thing, so it is one that the verifier refuses if it can be reached.</summary>
    Poisoned,

    /// <summary>There is no clear answer, so the program cannot be loaded.</summary>
    Failed,
}
