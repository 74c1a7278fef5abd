using System.Buffers;
using System.Text;

namespace Caretta.Aot.Identity;

/// <summary>
/// Text of label values. Cold: called when something is learnt, never per scrape.
/// Source of the escapes: Prometheus exposition format 0.0.4 and OpenMetrics 1.0, which agree on label values.
/// </summary>
internal static class LabelText
{
    private const char Replacement = '\uFFFD';

    /// <summary>
    /// Returns <paramref name="text"/> with control characters and lone surrogates replaced by U+FFFD. Names are cleaned before they
    /// are compared, so that two names which look the same on the page are the same name and never give one series twice.
    /// </summary>
    public static string Clean(string text)
    {
        if (!NeedsCleaning(text))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune))
            {
                clean.Append(Replacement);
            }
            else
            {
                clean.Append(rune);     // a lone surrogate is enumerated as U+FFFD already
            }
        }

        return clean.ToString();
    }

    /// <summary>Appends <c>name="value"</c>, the value escaped, as UTF-8.</summary>
    public static void Append(IBufferWriter<byte> writer, ReadOnlySpan<byte> name, string value)
    {
        writer.Write(name);
        writer.Write("=\""u8);
        Span<byte> one = stackalloc byte[1];
        foreach (byte unit in Encoding.UTF8.GetBytes(Clean(value)))
        {
            switch (unit)
            {
                case (byte)'\\':
                    writer.Write("\\\\"u8);
                    break;
                case (byte)'"':
                    writer.Write("\\\""u8);
                    break;
                default:
                    one[0] = unit;
                    writer.Write(one);
                    break;
            }
        }

        writer.Write("\""u8);
    }

    private static bool NeedsCleaning(string text)
    {
        foreach (char c in text)
        {
            if (char.IsControl(c) || char.IsSurrogate(c))
            {
                return true;
            }
        }

        return false;
    }
}
