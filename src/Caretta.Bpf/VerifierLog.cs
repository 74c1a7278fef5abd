using System.Text;

namespace Caretta.Bpf;

/// <summary>What the kernel's verifier said about a program. Kernel text: decoded leniently.</summary>
public sealed class VerifierLog
{
    /// <summary>bpf_core_poison_insn: the helper number that stands for a relocation which has no target on this kernel.</summary>
    private const string PoisonedCall = "invalid func unknown#195896080";

    /// <summary>LinkedProgram: 2002000000 and the number of the symbol.</summary>
    private const string PoisonedFunctionCall = "invalid func unknown#2002";

    private VerifierLog(string text, bool isTruncated)
    {
        Text = text;
        IsTruncated = isTruncated;
        Summary = Summarize(text);
    }

    /// <summary>The whole log.</summary>
    public string Text { get; }

    /// <summary>Whether the log did not fit the largest buffer that was tried.</summary>
    public bool IsTruncated { get; }

    /// <summary>The line that says why, without instruction dumps and statistics; empty for an empty log.</summary>
    public string Summary { get; }

    /// <summary>Decodes a log buffer up to its first NUL.</summary>
    public static VerifierLog Parse(ReadOnlySpan<byte> bytes, bool isTruncated)
    {
        int end = bytes.IndexOf((byte)0);
        return new VerifierLog(Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]), isTruncated);
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static string Summarize(string text)
    {
        if (text.Contains(PoisonedCall, StringComparison.Ordinal))
        {
            return "the program uses a field, type or value that this kernel does not have (CO-RE relocation without target)";
        }

        if (text.Contains(PoisonedFunctionCall, StringComparison.Ordinal))
        {
            return "the program calls a kernel function that this kernel does not have";
        }

        string summary = string.Empty;
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> trimmed = line.Trim();
            if (!trimmed.IsEmpty && !IsStatistics(trimmed) && !IsInstruction(trimmed) && !IsState(trimmed) && trimmed[0] != ';')
            {
                summary = trimmed.ToString();
            }
        }

        return summary;
    }

    private static bool IsStatistics(ReadOnlySpan<char> line) =>
        line.StartsWith("processed ", StringComparison.Ordinal)
        || line.StartsWith("verification time ", StringComparison.Ordinal)
        || line.StartsWith("stack depth ", StringComparison.Ordinal)
        || line.StartsWith("mark_precise", StringComparison.Ordinal)
        || line.StartsWith("arg#", StringComparison.Ordinal);

    /// <summary><c>R0=scalar() R1_w=ctx()</c>, <c>fp-8=mmmm</c>; but <c>R0 !read_ok</c> is a reason.</summary>
    private static bool IsState(ReadOnlySpan<char> line)
    {
        int end = line.IndexOfAny(' ', '=');
        return end > 0 && line[end] == '=' && (line[0] == 'R' || line.StartsWith("fp-", StringComparison.Ordinal));
    }

    /// <summary><c>12: (85) call bpf_…</c> or <c>12: R0=…</c> or <c>from 12 to 14: …</c>.</summary>
    private static bool IsInstruction(ReadOnlySpan<char> line)
    {
        if (line.StartsWith("from ", StringComparison.Ordinal))
        {
            return true;
        }

        int colon = line.IndexOf(':');
        return colon > 0 && line[..colon].IndexOfAnyExceptInRange('0', '9') < 0;
    }
}
