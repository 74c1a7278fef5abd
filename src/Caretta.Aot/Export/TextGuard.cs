using System.Globalization;
using System.Text;

namespace Caretta.Aot.Export;

/// <summary>Makes text from strangers harmless for a terminal, a line, a comment.</summary>
internal static class TextGuard
{
    /// <summary>
    /// The text with everything replaced by <c>?</c> that could end a line, steer a terminal, hide itself or turn the direction of writing.
    /// </summary>
    public static string Line(string text)
    {
        bool isPlain = true;
        foreach (char c in text)
        {
            isPlain &= c is >= ' ' and <= '~';
        }

        if (isPlain)
        {
            return text;
        }

        var line = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isHarmful = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            line.Append(isHarmful ? "?" : rune.ToString());
        }

        return line.ToString();
    }
}
