using System.Globalization;
using System.Text;

namespace Caretta.Aot;

/// <summary>A setting that cannot be used. The message is one line for the user: which setting, what is allowed, what was given.</summary>
internal sealed class OptionsException(string message) : Exception(message)
{
    private const int MaxShownLength = 64;

    /// <summary>Says that <paramref name="value"/> of <paramref name="setting"/> is not <paramref name="expected"/>.</summary>
    /// <param name="setting">Variable or flag, as the user wrote it.</param>
    /// <param name="expected">What is allowed.</param>
    /// <param name="value">What was given; quoted, cut and escaped here.</param>
    public static OptionsException BadValue(string setting, string expected, string value) =>
        new($"{setting}: expected {expected}, got {Quote(value)}");

    /// <summary>
    /// Puts text from outside into quotes so that it cannot break a log line or a terminal: control and formatting characters, lone
    /// surrogates, quotes and backslashes are escaped, and what is beyond 64 characters is left out.
    /// </summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        int shown = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown++ == MaxShownLength)
            {
                quoted.Append('…');
                break;
            }

            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator:
                    quoted.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
                    break;
                default:
                    quoted.Append(rune.Value is '"' or '\\' ? "\\" : "").Append(rune);
                    break;
            }
        }

        return quoted.Append('"').ToString();
    }
}
