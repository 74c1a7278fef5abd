using System.Diagnostics.CodeAnalysis;

namespace Caretta.Aot.Kubernetes;

/// <summary>A place in a document of lines.</summary>
internal sealed class YamlCursor
{
    private const int MaxDepth = 64;

    private readonly string _file;
    private readonly string[] _lines;
    private int _depth;

    /// <summary>Stands before the first character.</summary>
    /// <param name="text">The document.</param>
    /// <param name="file">Its name, for messages.</param>
    public YamlCursor(string text, string file)
    {
        _file = file;
        _lines = text.ReplaceLineEndings("\n").Split('\n');
    }

    /// <summary>Index of the current line.</summary>
    public int Line { get; set; }

    /// <summary>The next character on it.</summary>
    public int Column { get; set; }

    /// <summary>Whether there is no current line any more.</summary>
    public bool IsAtEnd => Line >= _lines.Length;

    /// <summary>The current line, whole.</summary>
    public string Text => _lines[Line];

    /// <summary>What is left of it.</summary>
    public ReadOnlySpan<char> Rest => Text.AsSpan(Column);

    /// <summary>The next character; a zero at the end of the line.</summary>
    public char Current => Column < Text.Length ? Text[Column] : '\0';

    /// <summary>A node that begins here.</summary>
    public YamlNode NewNode() => new(Line + 1);

    /// <summary>Text that stands on this line.</summary>
    public YamlNode NewText(string text) => new(Line + 1) { Text = text };

    /// <summary>To the next line with something on it, if nothing is left on this one; stands on its first character then.</summary>
    /// <returns>False at the end of the document.</returns>
    public bool NextLine()
    {
        while (!IsAtEnd)
        {
            if (SkipBlanks())
            {
                return true;
            }

            Line++;
            Column = 0;
        }

        return false;
    }

    /// <summary>To the next character on this line that is neither blank nor of a comment.</summary>
    /// <returns>Whether there is one.</returns>
    public bool SkipBlanks()
    {
        string line = Text;
        while (Column < line.Length && line[Column] is ' ' or '\t')
        {
            if (line[Column] == '\t' && line.AsSpan(0, Column).TrimStart(' ').IsEmpty)
            {
                Fail("tabs do not indent in YAML");
            }

            Column++;
        }

        bool comment = Current == '#' && (Column == 0 || line[Column - 1] is ' ' or '\t');
        return Column < line.Length && !comment;
    }

    /// <summary>One level deeper.</summary>
    public void Enter()
    {
        if (++_depth > MaxDepth)
        {
            Fail("nested too deeply");
        }
    }

    /// <summary>One level up.</summary>
    public void Leave() => _depth--;

    /// <summary>The document cannot be read, for what is on the current line.</summary>
    [DoesNotReturn]
    public void Fail(string what) =>
        throw new KubernetesConfigException($"{_file}: line {Math.Min(Line, _lines.Length - 1) + 1}: {what}");
}
