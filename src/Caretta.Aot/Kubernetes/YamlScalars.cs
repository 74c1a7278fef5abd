using System.Globalization;
using System.Text;

namespace Caretta.Aot.Kubernetes;

/// <summary>Reads text: plain and quoted scalars of one line, literal and folded blocks.</summary>
internal sealed class YamlScalars(YamlCursor cursor)
{
    /// <summary>Refuses what would begin an anchor, alias, tag or complex key.</summary>
    public void RefuseIndicator()
    {
        if (cursor.Current is '&' or '*' or '!' or '%' or '@' or '`' || cursor.Rest is "?" || cursor.Rest.StartsWith("? "))
        {
            cursor.Fail($"'{cursor.Current}' (anchors, aliases, tags and complex keys) is not supported");
        }
    }

    /// <summary>Reads a scalar without quotes.</summary>
    /// <param name="flow">Whether it stands inside a flow map or list, whose punctuation ends it.</param>
    public string ReadPlain(bool flow)
    {
        ReadOnlySpan<char> rest = cursor.Rest;
        int length = 0;
        while (length < rest.Length)
        {
            char c = rest[length];
            if ((c == '#' && length > 0 && rest[length - 1] is ' ' or '\t')
                || (flow && c is ',' or '[' or ']' or '{' or '}')
                || (flow && c == ':' && (length + 1 == rest.Length || rest[length + 1] is ' ' or ',' or ']' or '}')))
            {
                break;
            }

            length++;
        }

        cursor.Column += length;
        return rest[..length].TrimEnd().ToString();
    }

    /// <summary>Reads a scalar in single or double quotes.</summary>
    public string ReadQuoted()
    {
        char quote = cursor.Current;
        int begin = cursor.Line;
        var text = new StringBuilder();
        for (cursor.Column++; ; cursor.Column++)
        {
            if (cursor.Column >= cursor.Text.Length)
            {
                cursor.Line = begin;
                cursor.Fail("a quoted value must end on its line");
            }

            char c = cursor.Current;
            if (c == quote)
            {
                cursor.Column++;
                if (quote == '\'' && cursor.Current == '\'')
                {
                    text.Append('\'');
                    continue;
                }

                return text.ToString();
            }

            if (c == '\\' && quote == '"')
            {
                cursor.Column++;
                text.Append(ReadEscape());
            }
            else
            {
                text.Append(c);
            }
        }
    }

    /// <summary>
    /// Reads a block of text: <c>|</c> keeps line breaks, <c>&gt;</c> turns them into spaces; <c>-</c> drops the last one. Other modifiers are refused.
    /// </summary>
    /// <param name="indent">How far its lines are indented at least.</param>
    public YamlNode ReadTextBlock(int indent)
    {
        var node = cursor.NewNode();
        bool folded = cursor.Current == '>';
        cursor.Column++;
        bool strip = cursor.Current == '-';
        cursor.Column += strip ? 1 : 0;
        if (cursor.SkipBlanks())
        {
            cursor.Fail("unsupported block header");
        }

        cursor.Line++;
        cursor.Column = 0;
        List<string> lines = [];
        int depth = -1;
        for (; !cursor.IsAtEnd; cursor.Line++)
        {
            string line = cursor.Text;
            int lead = line.Length - line.AsSpan().TrimStart(' ').Length;
            if (lead == line.Length)
            {
                lines.Add("");
                continue;
            }

            depth = depth < 0 ? lead : depth;
            if (lead < depth || depth < indent)
            {
                break;
            }

            lines.Add(line[depth..]);
        }

        while (lines is [.., ""])
        {
            lines.RemoveAt(lines.Count - 1);
        }

        string text = string.Join(folded ? ' ' : '\n', lines);
        return node with { Text = strip || text.Length == 0 ? text : text + "\n" };
    }

    private string ReadEscape()
    {
        int digits = cursor.Current switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            ReadOnlySpan<char> rest = cursor.Rest[1..];
            if (rest.Length < digits || !uint.TryParse(rest[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code))
            {
                cursor.Fail("malformed escape");
                return "";
            }

            cursor.Column += digits;
            return digits < 8 ? ((char)code).ToString() : Rune.IsValid(code) ? new Rune(code).ToString() : "\uFFFD";
        }

        switch (cursor.Current)
        {
            case 'n': return "\n";
            case 't': return "\t";
            case 'r': return "\r";
            case 'b': return "\b";
            case 'f': return "\f";
            case '0': return "\0";
            case '"' or '\\' or '/' or ' ': return cursor.Current.ToString();
            default:
                cursor.Fail("malformed escape");
                return "";
        }
    }
}
