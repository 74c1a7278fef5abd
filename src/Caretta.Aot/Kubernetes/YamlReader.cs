namespace Caretta.Aot.Kubernetes;

/// <summary>
/// Reads the part of YAML 1.2 that kubeconfig files are written in, JSON included: block maps and lists, flow maps and lists, plain
/// scalars of one line, quoted scalars, literal and folded blocks, comments. Anchors, aliases, tags, complex keys and a second document are refused by line,
/// since a file half understood is worse than a refused one.
/// </summary>
internal sealed class YamlReader
{
    private readonly YamlCursor _cursor;
    private readonly YamlScalars _scalars;
    private readonly YamlFlow _flow;

    private YamlReader(YamlCursor cursor)
    {
        _cursor = cursor;
        _scalars = new YamlScalars(cursor);
        _flow = new YamlFlow(cursor, _scalars);
    }

    /// <summary>Reads one document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="KubernetesConfigException">It is not of this part of YAML.</exception>
    public static YamlNode Parse(string text, string file)
    {
        var cursor = new YamlCursor(text.TrimStart('\uFEFF'), file);
        if (cursor.NextLine() && cursor.Rest.StartsWith("---"))
        {
            cursor.Column += 3;
            cursor.NextLine();
        }

        YamlNode root = cursor.IsAtEnd ? new YamlNode(1) { Text = "" } : new YamlReader(cursor).ReadBlock(0);
        if (cursor.NextLine() && cursor.Rest is not "...")
        {
            cursor.Fail("expected the end of the document");
        }

        return root;
    }

    // Stands on the first character of a value that is indented by at least `indent`.
    private YamlNode ReadBlock(int indent)
    {
        _cursor.Enter();
        YamlNode node = IsListItem() ? ReadList() : IsKey() ? ReadMap() : ReadScalarOrFlow(indent);
        _cursor.Leave();
        return node;
    }

    private bool IsListItem() => _cursor.Rest is "-" || _cursor.Rest.StartsWith("- ");

    private YamlNode ReadList()
    {
        int column = _cursor.Column;
        var node = _cursor.NewNode() with { Items = [] };
        while (_cursor.NextLine() && _cursor.Column == column && IsListItem())
        {
            _cursor.Column++;
            int line = _cursor.Line;
            bool here = _cursor.SkipBlanks() || _cursor.NextLine();
            node.Items.Add(here && (_cursor.Line == line || _cursor.Column > column) ? ReadBlock(column + 1) : new YamlNode(line + 1) { Text = "" });
        }

        RefuseDeeper(column);
        return node;
    }

    private YamlNode ReadMap()
    {
        int column = _cursor.Column;
        var node = _cursor.NewNode() with { Members = [] };
        while (_cursor.NextLine() && _cursor.Column == column && IsKey())
        {
            string key = ReadKey();
            int line = _cursor.Line;
            bool here = _cursor.SkipBlanks() || _cursor.NextLine();
            if (here && _cursor.Line == line && (IsListItem() || IsKey()))
            {
                _cursor.Fail("a value on its key's line must be one scalar");
            }

            // kubectl writes the items of a list no deeper than the key above them.
            bool value = here && (_cursor.Line == line || _cursor.Column > column || (_cursor.Column == column && IsListItem()));
            node.Members.Add(new(key, value ? ReadBlock(column + 1) : new YamlNode(line + 1) { Text = "" }));
        }

        RefuseDeeper(column);
        return node;
    }

    private void RefuseDeeper(int column)
    {
        if (_cursor.NextLine() && _cursor.Column > column)
        {
            _cursor.Fail("unexpected indentation, or a plain value that goes on");
        }
    }

    private bool IsKey()
    {
        ReadOnlySpan<char> rest = _cursor.Rest;
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
        if (_cursor.Current is '"' or '\'')
        {
            key = _scalars.ReadQuoted();
        }
        else
        {
            _scalars.RefuseIndicator();
            int length = PlainKeyLength(_cursor.Rest);
            key = _cursor.Rest[..length].TrimEnd().ToString();
            _cursor.Column += length;
        }

        _cursor.Column++;      // the colon
        return key;
    }

    private YamlNode ReadScalarOrFlow(int indent)
    {
        YamlNode node;
        switch (_cursor.Current)
        {
            case '|' or '>':
                return _scalars.ReadTextBlock(indent);
            case '{' or '[':
                node = _flow.Read();
                break;
            case '"' or '\'':
                node = _cursor.NewText(_scalars.ReadQuoted());
                break;
            default:
                _scalars.RefuseIndicator();
                node = _cursor.NewText(_scalars.ReadPlain(flow: false));
                break;
        }

        if (!_cursor.IsAtEnd && _cursor.SkipBlanks())
        {
            _cursor.Fail("unexpected text after a value");
        }

        return node;
    }
}
