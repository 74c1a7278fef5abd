using System.Runtime.InteropServices;

namespace Caretta.Bpf.Linking;

/// <summary>A section with code: its functions and everything that refers to its instructions, each in ascending order.</summary>
/// <param name="index">Number of the section in the object file.</param>
/// <param name="name">Its name.</param>
/// <param name="bytes">Its bytes, a multiple of 8.</param>
internal sealed class CodeSection(int index, string name, ReadOnlyMemory<byte> bytes)
{
    /// <summary>The section whose functions are called by programs and are none themselves.</summary>
    public const string Subprograms = ".text";

    /// <summary>Number of the section in the object file.</summary>
    public int Index { get; } = index;

    /// <summary>Name of the section.</summary>
    public string Name { get; } = name;

    /// <summary>All instructions, those between functions included.</summary>
    public ReadOnlySpan<BpfInstruction> Code => MemoryMarshal.Cast<byte, BpfInstruction>(bytes.Span);

    /// <summary>Functions by <see cref="CodeFunction.Start"/>.</summary>
    public CodeFunction[] Functions { get; set; } = [];

    /// <summary>Relocations, at most one for an instruction.</summary>
    public CodeRelocation[] Relocations { get; set; } = [];

    /// <summary>Which types the functions have; offsets in instructions from the section's start.</summary>
    public BpfFunctionInfo[] FunctionInfo { get; set; } = [];

    /// <summary>Which source lines the instructions come from; offsets in instructions from the section's start.</summary>
    public BpfLineInfo[] LineInfo { get; set; } = [];

    /// <summary>CO-RE relocations; offsets in instructions from the section's start.</summary>
    public CoreRecord[] CoreRecords { get; set; } = [];

    /// <summary>The function that contains an instruction, or <see langword="null"/> in a gap: a weak function that another one replaced.</summary>
    public CodeFunction? FunctionAround(long instruction)
    {
        int low = 0;
        int high = Functions.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = Functions[middle].Start <= instruction ? (middle + 1, high) : (low, middle);
        }

        // Only aliases start at the same place, so the last one before the instruction is as good as any.
        return low > 0 && instruction < Functions[low - 1].End ? Functions[low - 1] : null;
    }

    /// <summary>The function that starts exactly at an instruction, or <see langword="null"/>.</summary>
    public CodeFunction? FunctionAt(long instruction) =>
        FunctionAround(instruction) is { } function && function.Start == instruction ? function : null;

    /// <summary>Cuts the records of one function out of records in ascending order.</summary>
    public static ReadOnlySpan<T> Within<T>(T[] records, CodeFunction function, Func<T, long> instructionOf)
    {
        int start = FirstNotBefore(records, function.Start, instructionOf);
        return records.AsSpan(start, FirstNotBefore(records, function.End, instructionOf) - start);
    }

    private static int FirstNotBefore<T>(T[] records, int instruction, Func<T, long> instructionOf)
    {
        int low = 0;
        int high = records.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = instructionOf(records[middle]) < instruction ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
