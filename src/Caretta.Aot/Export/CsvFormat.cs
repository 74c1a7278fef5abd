using System.Buffers;
using System.Text;

namespace Caretta.Aot.Export;

/// <summary>Comma-separated values as RFC 4180 has them, with exact numbers.</summary>
internal static class CsvFormat
{
    private const string Headings =
        "client_namespace,client_name,client_kind,server_namespace,server_name,server_kind,port,seen_by,bytes_to_server,bytes_to_client,"
        + "bytes_to_server_per_second,bytes_to_client_per_second,opened,closed,failed,open,first_seen,last_seen";

    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n\t'");

    /// <summary>Writes a line of headings and one for each row.</summary>
    public static string Write(IReadOnlyList<ExportRow> rows, bool withChange)
    {
        var csv = new StringBuilder(Headings);
        csv.Append(withChange ? ",change,bytes_to_server_per_second_before,bytes_to_client_per_second_before\r\n" : "\r\n");
        foreach (ExportRow row in rows)
        {
            SeenLink link = row.Link;
            AppendNode(csv, link.Client);
            AppendNode(csv, link.Server);
            csv.Append(Units.Exact(link.Port)).Append(',').Append(Cell(link.SeenBy));
            ReadOnlySpan<double> numbers =
            [
                link.BytesToServer, link.BytesToClient, link.BytesToServerPerSecond, link.BytesToClientPerSecond, link.Opened, link.Closed,
                link.Failed, link.Open, link.FirstSeen, link.LastSeen,
            ];
            foreach (double number in numbers)
            {
                csv.Append(',').Append(Units.Exact(number));
            }

            if (withChange)
            {
                csv.Append(',').Append(row.ChangeWord).Append(',');
                csv.Append(row.Before is null ? "," : $"{Units.Exact(row.Before.BytesToServerPerSecond)},{Units.Exact(row.Before.BytesToClientPerSecond)}");
            }

            csv.Append("\r\n");
        }

        return csv.ToString();
    }

    private static void AppendNode(StringBuilder csv, SeenNode node) =>
        csv.Append(Cell(node.Namespace)).Append(',').Append(Cell(node.Name)).Append(',').Append(Cell(node.Kind)).Append(',');

    // A spreadsheet takes some first characters for those of a formula, and a name may be a stranger's.
    private static string Cell(string text)
    {
        string guarded = text.Length > 0 && (text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '|' or '%') ? "'" + text : text;
        return guarded.AsSpan().ContainsAny(Quoted) || guarded.StartsWith(' ') || guarded.EndsWith(' ')
            ? $"\"{guarded.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : guarded;
    }
}
