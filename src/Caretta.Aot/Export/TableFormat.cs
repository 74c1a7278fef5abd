using System.Globalization;
using System.Text;

namespace Caretta.Aot.Export;

/// <summary>Columns for people, within the width of their terminal: names are cut before numbers are.</summary>
internal static class TableFormat
{
    private const int MinNameWidth = 8;
    private const int Gap = 2;

    /// <summary>Writes a line for each row below one of headings.</summary>
    /// <param name="rows">In their order.</param>
    /// <param name="width">Characters in a line; 0 for as many as it takes.</param>
    /// <param name="withChange">Whether the first column says how a row changed.</param>
    public static string Write(IReadOnlyList<ExportRow> rows, int width, bool withChange)
    {
        string[] headings = withChange
            ? ["", "CLIENT", "SERVER", "PORT", "BYTES/S", "BEFORE", "BYTES", "OPEN", "CONNS", "FAILED"]
            : ["CLIENT", "SERVER", "PORT", "TO SERVER", "TO CLIENT", "BYTES/S", "OPEN", "CONNS", "FAILED"];
        int firstName = withChange ? 1 : 0;
        List<string[]> lines = [headings];
        foreach (ExportRow row in rows)
        {
            lines.Add(withChange ? ChangedCells(row) : Cells(row.Link));
        }

        int[] widths = new int[headings.Length];
        foreach (string[] line in lines)
        {
            for (int i = 0; i < line.Length; i++)
            {
                widths[i] = Math.Max(widths[i], CellWidth(line[i]));
            }
        }

        Shrink(widths, firstName, width);
        var table = new StringBuilder();
        foreach (string[] line in lines)
        {
            WriteLine(table, line, widths, firstName);
        }

        return table.ToString();
    }

    private static string[] Cells(SeenLink link) =>
    [
        Name(link.Client), Name(link.Server), link.Port.ToString(CultureInfo.InvariantCulture),
        Units.Bytes(link.BytesToServer), Units.Bytes(link.BytesToClient), Units.Bytes(link.Rate),
        Units.Count(link.Open), Units.Count(link.Opened), Units.Count(link.Failed),
    ];

    private static string[] ChangedCells(ExportRow row)
    {
        bool isGone = row.Change == LinkChange.Gone;
        SeenLink link = row.Link;
        return
        [
            row.ChangeWord, Name(link.Client), Name(link.Server), link.Port.ToString(CultureInfo.InvariantCulture),
            isGone ? "-" : Units.Bytes(link.Rate), row.Before is null ? "-" : Units.Bytes(row.Before.Rate),
            isGone ? "-" : Units.Bytes(link.Bytes), isGone ? "-" : Units.Count(link.Open), isGone ? "-" : Units.Count(link.Opened),
            isGone ? "-" : Units.Count(link.Failed),
        ];
    }

    // As people write it: an external end has no namespace worth showing.
    private static string Name(SeenNode node) =>
        TextGuard.Line(node.IsExternal || node.Namespace.Length == 0 ? node.Name : $"{node.Namespace}/{node.Name}");

    private static void Shrink(int[] widths, int firstName, int width)
    {
        int total = Gap * (widths.Length - 1);
        foreach (int column in widths)
        {
            total += column;
        }

        while (width > 0 && total > width)
        {
            int wider = widths[firstName] >= widths[firstName + 1] ? firstName : firstName + 1;
            if (widths[wider] <= MinNameWidth)
            {
                return;
            }

            widths[wider]--;
            total--;
        }
    }

    private static void WriteLine(StringBuilder table, string[] line, int[] widths, int firstName)
    {
        int begin = table.Length;
        for (int i = 0; i < line.Length; i++)
        {
            bool isText = i <= firstName + 1;
            string cell = CellWidth(line[i]) > widths[i] ? Cut(line[i], widths[i]) : line[i];
            int missing = Math.Max(widths[i] - CellWidth(cell), 0);
            table.Append(' ', isText ? 0 : missing).Append(cell).Append(' ', isText ? missing : 0).Append(' ', i + 1 < line.Length ? Gap : 0);
        }

        while (table.Length > begin && table[^1] == ' ')
        {
            table.Length--;
        }

        table.Append('\n');
    }

    // Names differ most at their ends.
    private static string Cut(string text, int width)
    {
        List<Rune> runes = [.. text.EnumerateRunes()];
        int used = 0;
        int first = runes.Count;
        while (first > 0 && used + RuneWidth(runes[first - 1]) < width)
        {
            used += RuneWidth(runes[--first]);
        }

        var cut = new StringBuilder("…");
        for (int i = first; i < runes.Count; i++)
        {
            cut.Append(runes[i]);
        }

        return cut.ToString();
    }

    private static int CellWidth(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            width += RuneWidth(rune);
        }

        return width;
    }

    // Two columns for the scripts of East Asia and for pictures, none for marks on other letters (Unicode Standard Annex #11).
    private static int RuneWidth(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? 0
        : rune.Value is (>= 0x1100 and <= 0x115f) or (>= 0x2e80 and <= 0xa4cf) or (>= 0xac00 and <= 0xd7a3) or (>= 0xf900 and <= 0xfaff)
            or (>= 0xfe30 and <= 0xfe6f) or (>= 0xff00 and <= 0xff60) or (>= 0xffe0 and <= 0xffe6) or (>= 0x1f300 and <= 0x1faff)
            or (>= 0x20000 and <= 0x3fffd) ? 2 : 1;
}
