namespace Caretta.Bpf.Linking;

/// <summary>One of the functions that a linked program consists of.</summary>
/// <param name="Name">Name of its symbol.</param>
/// <param name="Start">Index of its first instruction in the program.</param>
/// <param name="Length">Number of 8-byte slots.</param>
public readonly record struct LinkedFunction(string Name, int Start, int Length)
{
    /// <summary>Position among all functions of the object.</summary>
    internal int Index { get; init; }
}
