namespace Caretta.Aot.Kubernetes;

/// <summary>Reads maps and lists in braces and brackets, JSON among them.</summary>
internal sealed class YamlFlow(YamlCursor cursor, YamlScalars scalars)
{
    /// <summary>Reads the map or list whose first character is the current one.</summary>
    public YamlNode Read()
    {
        cursor.Enter();
        YamlNode node = cursor.NewNode();
        bool map = cursor.Current == '{';
        char close = map ? '}' : ']';
        List<YamlNode> items = [];
        List<KeyValuePair<string, YamlNode>> members = [];
        cursor.Column++;
        while (Next() != close)
        {
            if (map)
            {
                string key = cursor.Current is '"' or '\'' ? scalars.ReadQuoted() : scalars.ReadPlain(flow: true);
                if (Next() != ':')
                {
                    cursor.Fail("expected ':' in a map");
                }

                cursor.Column++;
                members.Add(new(key, ReadValue()));
            }
            else
            {
                items.Add(ReadValue());
            }

            char next = Next();
            if (next == ',')
            {
                cursor.Column++;
            }
            else if (next != close)
            {
                cursor.Fail($"expected ',' or '{close}'");
            }
        }

        cursor.Column++;
        cursor.Leave();
        return map ? node with { Members = members } : node with { Items = items };
    }

    private YamlNode ReadValue()
    {
        switch (Next())
        {
            case '{' or '[':
                return Read();
            case '"' or '\'':
                return cursor.NewText(scalars.ReadQuoted());
            case ',' or '}' or ']':
                return cursor.NewText("");
            default:
                scalars.RefuseIndicator();
                return cursor.NewText(scalars.ReadPlain(flow: true));
        }
    }

    private char Next()
    {
        if (!cursor.NextLine())
        {
            cursor.Fail("the document ends inside a map or list");
        }

        return cursor.Current;
    }
}
