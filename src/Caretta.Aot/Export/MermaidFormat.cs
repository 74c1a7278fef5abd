using System.Globalization;
using System.Text;

namespace Caretta.Aot.Export;

/// <summary>A flowchart for Mermaid. All that could mean something in a text goes out as the number of its character.</summary>
internal static class MermaidFormat
{
    /// <summary>Writes it.</summary>
    public static string Write(IReadOnlyList<ExportRow> rows)
    {
        var picture = new MapPicture(rows);
        var chart = new StringBuilder("flowchart LR\n");
        int space = 0;
        foreach ((string name, List<SeenNode> members) in picture.Spaces)
        {
            chart.Append(CultureInfo.InvariantCulture, $"  subgraph s{space++}[\"{Escape(name)}\"]\n");
            foreach (SeenNode node in members)
            {
                string kind = node.IsExternal ? "" : $"<br/>{Escape(node.Kind)}";
                chart.Append(CultureInfo.InvariantCulture, $"    n{picture.Numbers[node]}[\"{Escape(node.Name)}{kind}\"]\n");
            }

            chart.Append("  end\n");
        }

        for (int i = 0; i < picture.Lines.Count; i++)
        {
            MapPicture.Line line = picture.Lines[i];
            string arrow = line.Change == LinkChange.Gone ? "-.->" : "-->";
            chart.Append(CultureInfo.InvariantCulture, $"  n{picture.Numbers[line.Client]} {arrow}|\"{Escape(line.Label)}\"| n{picture.Numbers[line.Server]}\n");
        }

        for (int i = 0; i < picture.Lines.Count; i++)
        {
            string colour = picture.Lines[i].Colour;
            if (colour.Length > 0)
            {
                chart.Append(CultureInfo.InvariantCulture, $"  linkStyle {i} stroke:{colour}\n");
            }
        }

        return chart.ToString();
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (Rune rune in TextGuard.Line(text).EnumerateRunes())
        {
            bool isPlain = Rune.IsLetterOrDigit(rune) || rune.Value is ' ' or '-' or '.' or '/' or ',' or ':' or '_' or '·' or '+' or '=';
            escaped.Append(isPlain ? rune.ToString() : string.Create(CultureInfo.InvariantCulture, $"#{rune.Value};"));
        }

        return escaped.ToString();
    }
}
