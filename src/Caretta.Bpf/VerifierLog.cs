using System.Globalization;
using System.Text;

namespace Caretta.Bpf;

/// <summary>What the kernel's verifier said about a program. Kernel text: decoded leniently.</summary>
public sealed class VerifierLog
{
    private const string UnknownFunction = "invalid func unknown#";

    // CorePatcher and LinkedProgram: the number of a missing relocation, and those from which maps and functions count.
    private const int MissingRelocation = 195896080;
    private const int MissingMap = 2001000000;
    private const int MissingFunction = 2002000000;
    private const int MostMissing = 1000000;

    private VerifierLog(string text, bool isTruncated, Func<VerifierPoison, int, string?>? nameOf)
    {
        Text = text;
        IsTruncated = isTruncated;
        Summary = Summarize(text, nameOf);
    }

    /// <summary>The whole log.</summary>
    public string Text { get; }

    /// <summary>Whether the log did not fit the largest buffer that was tried.</summary>
    public bool IsTruncated { get; }

    /// <summary>The line that says why, without instruction dumps and statistics; empty for an empty log.</summary>
    public string Summary { get; }

    /// <summary>Decodes a log buffer up to its first NUL.</summary>
    public static VerifierLog Parse(ReadOnlySpan<byte> bytes, bool isTruncated) => Parse(bytes, isTruncated, null);

    /// <summary>Decodes a log buffer up to its first NUL.</summary>
    /// <param name="bytes">The buffer. One that overflowed holds the end of the log from Linux 6.4 on, before that its beginning.</param>
    /// <param name="isTruncated">Whether it overflowed.</param>
    /// <param name="nameOf">Names what was poisoned, or gives null.</param>
    internal static VerifierLog Parse(ReadOnlySpan<byte> bytes, bool isTruncated, Func<VerifierPoison, int, string?>? nameOf)
    {
        int end = bytes.IndexOf((byte)0);
        return new VerifierLog(Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]), isTruncated, nameOf);
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static string Summarize(string text, Func<VerifierPoison, int, string?>? nameOf)
    {
        if (FindPoison(text, nameOf) is { } poison)
        {
            return poison;
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

    /// <summary>Translates <c>invalid func unknown#195896080</c> and the like.</summary>
    private static string? FindPoison(string text, Func<VerifierPoison, int, string?>? nameOf)
    {
        int at = text.IndexOf(UnknownFunction, StringComparison.Ordinal);
        if (at < 0 || !TryReadNumber(text.AsSpan(at + UnknownFunction.Length), out int number))
        {
            return null;
        }

        switch (number)
        {
            case MissingRelocation:
                // "12: (85) call unknown#195896080" is the line before.
                int line = text.LastIndexOf(": (85) call unknown#", at, StringComparison.Ordinal);
                int start = line < 0 ? -1 : text.LastIndexOf('\n', line) + 1;
                string? wanted = start >= 0 && TryReadNumber(text.AsSpan(start), out int instruction)
                    ? nameOf?.Invoke(VerifierPoison.Relocation, instruction)
                    : null;
                return wanted is null
                    ? "the program uses a field, type or value that this kernel does not have (CO-RE relocation without target)"
                    : $"the program uses {wanted}, which this kernel does not have (CO-RE relocation without target)";
            case >= MissingMap and < MissingMap + MostMissing:
                string? map = nameOf?.Invoke(VerifierPoison.Map, number - MissingMap);
                return $"the program uses {(map is null ? "a map" : $"map {map}")}, which was not created on this kernel";
            case >= MissingFunction and < MissingFunction + MostMissing:
                string? function = nameOf?.Invoke(VerifierPoison.Function, number - MissingFunction);
                return $"the program calls {(function is null ? "a kernel function" : $"kernel function {function}")} that this kernel does not have";
            default:
                return null;
        }
    }

    private static bool TryReadNumber(ReadOnlySpan<char> text, out int number)
    {
        int length = text.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(length < 0 ? text : text[..length], NumberStyles.None, CultureInfo.InvariantCulture, out number);
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
