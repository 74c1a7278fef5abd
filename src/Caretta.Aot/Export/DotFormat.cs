using System.Globalization;
using System.Text;

namespace Caretta.Aot.Export;

/// <summary>A graph for Graphviz. Text is in quoted strings, where only quote and backslash mean something.</summary>
internal static class DotFormat
{
    /// <summary>Writes it.</summary>
    public static string Write(IReadOnlyList<ExportRow> rows)
    {
        var picture = new MapPicture(rows);
        var dot = new StringBuilder("digraph caretta {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n");
        int space = 0;
        foreach ((string name, List<SeenNode> members) in picture.Spaces)
        {
            dot.Append(CultureInfo.InvariantCulture, $"  subgraph cluster_{space++} {{\n    label={Quote(name)};\n    color=gray;\n");
            foreach (SeenNode node in members)
            {
                string kind = node.IsExternal ? "" : $"\\n{Escape(node.Kind)}";
                dot.Append(CultureInfo.InvariantCulture, $"    n{picture.Numbers[node]} [label=\"{Escape(node.Name)}{kind}\"];\n");
            }

            dot.Append("  }\n");
        }

        foreach (MapPicture.Line line in picture.Lines)
        {
            string thickness = (1 + Math.Log10(Math.Max(line.Rate, 1)) / 2).ToString("0.0", CultureInfo.InvariantCulture);
            dot.Append(CultureInfo.InvariantCulture, $"  n{picture.Numbers[line.Client]} -> n{picture.Numbers[line.Server]} [label={Quote(line.Label)}, penwidth={thickness}");
            dot.Append(line.Colour.Length > 0 ? $", color=\"{line.Colour}\"" : "");
            dot.Append(line.Change == LinkChange.Gone ? ", style=dashed];\n" : "];\n");
        }

        return dot.Append("}\n").ToString();
    }

    private static string Quote(string text) => $"\"{Escape(text)}\"";

    private static string Escape(string text) =>
        TextGuard.Line(text).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
}
