using System.Globalization;
using System.Text;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Reads the part of YAML 1.2 that kubeconfig files are written in, JSON included: block maps and lists, flow maps and lists, plain
/// scalars of one line, quoted scalars, literal and folded blocks, comments. Anchors, aliases, tags, complex keys and a second document are refused by line,
/// since a file half understood is worse than a refused one.
/// </summary>
internal sealed class YamlReader
{
    private const int MaxDepth = 64;

    private readonly string _file;
    private readonly string[] _lines;
    private int _line;      // index of the current line
    private int _column;    // next character on it
    private int _depth;

    private YamlReader(string text, string file)
    {
        _file = file;
        _lines = text.ReplaceLineEndings("\n").Split('\n');
    }

    /// <summary>Reads one document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="KubernetesConfigException">It is not of this part of YAML.</exception>
    public static YamlNode Parse(string text, string file)
    {
        var reader = new YamlReader(text.TrimStart('\uFEFF'), file);
        if (reader.NextLine() && reader.Rest.StartsWith("---"))
        {
            reader._column += 3;
            reader.NextLine();
        }

        YamlNode root = reader._line < reader._lines.Length ? reader.ReadBlock(0) : new YamlNode(1) { Text = "" };
        if (reader.NextLine() && reader.Rest is not "...")
        {
            reader.Fail("expected the end of the document");
        }

        return root;
    }

    private ReadOnlySpan<char> Rest => _lines[_line].AsSpan(_column);

    private char Current => _column < _lines[_line].Length ? _lines[_line][_column] : '\0';

    // To the next line with something on it, if nothing is left on this one; stands on its first character then.
    private bool NextLine()
    {
        while (_line < _lines.Length)
        {
            if (SkipBlanks())
            {
                return true;
            }

            _line++;
            _column = 0;
        }

        return false;
    }

    // To the next character on this line that is neither blank nor of a comment.
    private bool SkipBlanks()
    {
        string line = _lines[_line];
        while (_column < line.Length && line[_column] is ' ' or '\t')
        {
            if (line[_column] == '\t' && line.AsSpan(0, _column).TrimStart(' ').IsEmpty)
            {
                Fail("tabs do not indent in YAML");
            }

            _column++;
        }

        bool comment = Current == '#' && (_column == 0 || line[_column - 1] is ' ' or '\t');
        return _column < line.Length && !comment;
    }

    // Stands on the first character of a value that is indented by at least `indent`.
    private YamlNode ReadBlock(int indent)
    {
        if (++_depth > MaxDepth)
        {
            Fail("nested too deeply");
        }

        YamlNode node = IsListItem() ? ReadList() : IsKey() ? ReadMap() : ReadScalarOrFlow(indent);
        _depth--;
        return node;
    }

    private bool IsListItem() => Rest is "-" || Rest.StartsWith("- ");

    private YamlNode ReadList()
    {
        int column = _column;
        var node = new YamlNode(_line + 1) { Items = [] };
        while (NextLine() && _column == column && IsListItem())
        {
            _column++;
            int line = _line;
            bool here = SkipBlanks() || NextLine();
            node.Items.Add(here && (_line == line || _column > column) ? ReadBlock(column + 1) : new YamlNode(line + 1) { Text = "" });
        }

        RefuseDeeper(column);
        return node;
    }

    private YamlNode ReadMap()
    {
        int column = _column;
        var node = new YamlNode(_line + 1) { Members = [] };
        while (NextLine() && _column == column && IsKey())
        {
            string key = ReadKey();
            int line = _line;
            bool here = SkipBlanks() || NextLine();
            if (here && _line == line && (IsListItem() || IsKey()))
            {
                Fail("a value on its key's line must be one scalar");
            }

            // kubectl writes the items of a list no deeper than the key above them.
            bool value = here && (_line == line || _column > column || (_column == column && IsListItem()));
            node.Members.Add(new(key, value ? ReadBlock(column + 1) : new YamlNode(line + 1) { Text = "" }));
        }

        RefuseDeeper(column);
        return node;
    }

    private void RefuseDeeper(int column)
    {
        if (NextLine() && _column > column)
        {
            Fail("unexpected indentation, or a plain value that goes on");
        }
    }

    private bool IsKey()
    {
        ReadOnlySpan<char> rest = Rest;
        if (rest[0] is '"' or '\'')
        {
            int close = 1;
            while (close < rest.Length && rest[close] != rest[0])
            {
                close += rest[close] == '\\' && rest[0] == '"' ? 2 : 1;
            }

            return close + 1 < rest.Length && rest[close + 1] == ':';
        }

        return rest[0] is not ('{' or '[' or '|' or '>') && PlainKeyLength(rest) >= 0;
    }

    private static int PlainKeyLength(ReadOnlySpan<char> rest)
    {
        for (int i = 0; i < rest.Length; i++)
        {
            if (rest[i] == ':' && (i + 1 == rest.Length || rest[i + 1] is ' ' or '\t'))
            {
                return i;
            }

            if (rest[i] == '#' && i > 0 && rest[i - 1] == ' ')
            {
                break;
            }
        }

        return -1;
    }

    private string ReadKey()
    {
        string key;
        if (Current is '"' or '\'')
        {
            key = ReadQuoted();
        }
        else
        {
            RefuseIndicator();
            int length = PlainKeyLength(Rest);
            key = Rest[..length].TrimEnd().ToString();
            _column += length;
        }

        _column++;      // the colon
        return key;
    }

    private YamlNode ReadScalarOrFlow(int indent)
    {
        YamlNode node;
        switch (Current)
        {
            case '|' or '>':
                return ReadTextBlock(indent);
            case '{' or '[':
                node = ReadFlow();
                break;
            case '"' or '\'':
                node = new YamlNode(_line + 1) { Text = ReadQuoted() };
                break;
            default:
                RefuseIndicator();
                node = new YamlNode(_line + 1) { Text = ReadPlain(flow: false) };
                break;
        }

        if (_line < _lines.Length && SkipBlanks())
        {
            Fail("unexpected text after a value");
        }

        return node;
    }

    private void RefuseIndicator()
    {
        if (Current is '&' or '*' or '!' or '%' or '@' or '`' || Rest is "?" || Rest.StartsWith("? "))
        {
            Fail($"'{Current}' (anchors, aliases, tags and complex keys) is not supported");
        }
    }

    private string ReadPlain(bool flow)
    {
        ReadOnlySpan<char> rest = Rest;
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

        _column += length;
        return rest[..length].TrimEnd().ToString();
    }

    private string ReadQuoted()
    {
        char quote = Current;
        int begin = _line;
        var text = new StringBuilder();
        for (_column++; ; _column++)
        {
            if (_column >= _lines[_line].Length)
            {
                _line = begin;
                Fail("a quoted value must end on its line");
            }

            char c = Current;
            if (c == quote)
            {
                _column++;
                if (quote == '\'' && Current == '\'')
                {
                    text.Append('\'');
                    continue;
                }

                return text.ToString();
            }

            if (c == '\\' && quote == '"')
            {
                _column++;
                text.Append(ReadEscape());
            }
            else
            {
                text.Append(c);
            }
        }
    }

    private string ReadEscape()
    {
        int digits = Current switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            ReadOnlySpan<char> rest = Rest[1..];
            if (rest.Length < digits || !uint.TryParse(rest[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code))
            {
                Fail("malformed escape");
                return "";
            }

            _column += digits;
            return digits < 8 ? ((char)code).ToString() : Rune.IsValid(code) ? new Rune(code).ToString() : "\uFFFD";
        }

        switch (Current)
        {
            case 'n': return "\n";
            case 't': return "\t";
            case 'r': return "\r";
            case 'b': return "\b";
            case 'f': return "\f";
            case '0': return "\0";
            case '"' or '\\' or '/' or ' ': return Current.ToString();
            default:
                Fail("malformed escape");
                return "";
        }
    }

    private YamlNode ReadFlow()
    {
        if (++_depth > MaxDepth)
        {
            Fail("nested too deeply");
        }

        int line = _line + 1;
        bool map = Current == '{';
        char close = map ? '}' : ']';
        List<YamlNode> items = [];
        List<KeyValuePair<string, YamlNode>> members = [];
        _column++;
        while (FlowNext() != close)
        {
            if (map)
            {
                string key = Current is '"' or '\'' ? ReadQuoted() : ReadPlain(flow: true);
                if (FlowNext() != ':')
                {
                    Fail("expected ':' in a map");
                }

                _column++;
                members.Add(new(key, ReadFlowValue()));
            }
            else
            {
                items.Add(ReadFlowValue());
            }

            char next = FlowNext();
            if (next == ',')
            {
                _column++;
            }
            else if (next != close)
            {
                Fail($"expected ',' or '{close}'");
            }
        }

        _column++;
        _depth--;
        return map ? new YamlNode(line) { Members = members } : new YamlNode(line) { Items = items };
    }

    private YamlNode ReadFlowValue()
    {
        switch (FlowNext())
        {
            case '{' or '[':
                return ReadFlow();
            case '"' or '\'':
                return new YamlNode(_line + 1) { Text = ReadQuoted() };
            case ',' or '}' or ']':
                return new YamlNode(_line + 1) { Text = "" };
            default:
                RefuseIndicator();
                return new YamlNode(_line + 1) { Text = ReadPlain(flow: true) };
        }
    }

    private char FlowNext()
    {
        if (!NextLine())
        {
            _line = _lines.Length - 1;
            Fail("the document ends inside a map or list");
        }

        return Current;
    }

    // "|" keeps line breaks, ">" turns them into spaces; "-" drops the last one. Other modifiers are refused.
    private YamlNode ReadTextBlock(int indent)
    {
        var node = new YamlNode(_line + 1);
        bool folded = Current == '>';
        _column++;
        bool strip = Current == '-';
        _column += strip ? 1 : 0;
        if (SkipBlanks())
        {
            Fail("unsupported block header");
        }

        _line++;
        _column = 0;
        List<string> lines = [];
        int depth = -1;
        for (; _line < _lines.Length; _line++)
        {
            string line = _lines[_line];
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

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private void Fail(string what) =>
        throw new KubernetesConfigException($"{_file}: line {Math.Min(_line, _lines.Length - 1) + 1}: {what}");
}
