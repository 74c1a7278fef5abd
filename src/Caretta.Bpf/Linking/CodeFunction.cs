namespace Caretta.Bpf.Linking;

/// <summary>One function of an object, in the place where the object file has it. Functions of a section do not overlap.</summary>
/// <param name="Index">Position among all functions of the object.</param>
/// <param name="Name">Name of its symbol.</param>
/// <param name="Section">Section with its code.</param>
/// <param name="Start">Index of its first instruction from the start of the section.</param>
/// <param name="Length">Number of 8-byte slots, at least 1.</param>
/// <param name="IsHidden">Whether it is global yet invisible outside of the object: the verifier should treat it as static.</param>
internal sealed record CodeFunction(int Index, string Name, CodeSection Section, int Start, int Length, bool IsHidden)
{
    /// <summary>Index of the first instruction behind it, from the start of the section.</summary>
    public int End => Start + Length;

    /// <summary>Its instructions as the object has them.</summary>
    public ReadOnlySpan<BpfInstruction> Code => Section.Code.Slice(Start, Length);
}
