using System.Globalization;
using System.Net;
using System.Text;

namespace Caretta.Traffic.Reports;

/// <summary>One line of a report: what the application counted under one key. Bytes are payload bytes.</summary>
internal sealed record ReportLine(LedgerKey Key, LinkTotals Totals);

/// <summary>What happened on a link.</summary>
internal readonly record struct LinkTotals(long SentBytes, long ReceivedBytes, long Opened, long Closed, long Failed)
{
    public static LinkTotals operator +(LinkTotals a, LinkTotals b) => new(
        a.SentBytes + b.SentBytes, a.ReceivedBytes + b.ReceivedBytes, a.Opened + b.Opened, a.Closed + b.Closed, a.Failed + b.Failed);

    public static LinkTotals operator -(LinkTotals a, LinkTotals b) => new(
        a.SentBytes - b.SentBytes, a.ReceivedBytes - b.ReceivedBytes, a.Opened - b.Opened, a.Closed - b.Closed, a.Failed - b.Failed);
}

/// <summary>
/// The application's counts as tab-separated text. A line: form (v4, v6, mapped), local address, remote address, server port,
/// role (1 client, 2 server), sent bytes, received bytes, opened, closed, failed, open now.
/// </summary>
internal sealed class TrafficReport(IReadOnlyList<ReportLine> lines)
{
    private const int Columns = 11;

    public IReadOnlyList<ReportLine> Lines { get; } = lines;

    /// <summary>Connections open when <see cref="Since"/> was last asked for a difference: they count as open, not as opened.</summary>
    public IReadOnlyDictionary<LedgerKey, long> OpenBefore { get; private init; } = new Dictionary<LedgerKey, long>();

    public static TrafficReport From(Ledger ledger) => new([
        .. ledger.Entries
            .Select(static pair => new ReportLine(
                pair.Key,
                // Opened after closed: a connection opened in between is then open, and never closed without having been opened.
                new LinkTotals(pair.Value.SentBytes, pair.Value.ReceivedBytes, 0, pair.Value.Closed, pair.Value.Failed) with { Opened = pair.Value.Opened }))
            .OrderBy(static line => line.Key.ServerPort).ThenBy(static line => line.Key.Role).ThenBy(static line => line.Key.ToString(), StringComparer.Ordinal)]);

    /// <exception cref="FormatException">Not a report.</exception>
    public static TrafficReport Parse(string text)
    {
        var lines = new List<ReportLine>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '#')
            {
                continue;
            }

            string[] fields = line.Split('\t');
            if (fields.Length != Columns
                || !Enum.TryParse(fields[0], ignoreCase: true, out AddressForm form)
                || !IPAddress.TryParse(fields[1], out IPAddress? local)
                || !IPAddress.TryParse(fields[2], out IPAddress? remote))
            {
                throw new FormatException($"not a line of a report: \"{line}\"");
            }

            lines.Add(new ReportLine(
                new LedgerKey(form, local, remote, (int)Number(3), (Role)Number(4)),
                new LinkTotals(Number(5), Number(6), Number(7), Number(8), Number(9))));

            long Number(int field) =>
                long.TryParse(fields[field], NumberStyles.None, CultureInfo.InvariantCulture, out long value)
                    ? value
                    : throw new FormatException($"not a number: \"{fields[field]}\" in \"{line}\"");
        }

        return new TrafficReport(lines);
    }

    /// <summary>What happened since an earlier report of the same workload, as an observer sees it that started then.</summary>
    public TrafficReport Since(TrafficReport earlier)
    {
        var before = earlier.Lines.ToDictionary(static line => line.Key, static line => line.Totals);
        return new TrafficReport([.. Lines.Select(line => line with { Totals = line.Totals - before.GetValueOrDefault(line.Key) })])
        {
            OpenBefore = before.ToDictionary(static pair => pair.Key, static pair => pair.Value.Opened - pair.Value.Closed),
        };
    }

    /// <summary>Both reports' lines.</summary>
    public TrafficReport Concat(TrafficReport other) => new([.. Lines, .. other.Lines])
    {
        OpenBefore = OpenBefore.Concat(other.OpenBefore).ToDictionary(),
    };

    /// <summary>Holds the two ends against each other, where one process had both: what one sent the other must have received.</summary>
    /// <returns>A sentence, or null when the books balance.</returns>
    public string? FindImbalance()
    {
        foreach (IGrouping<int, ReportLine> port in Lines.GroupBy(static line => line.Key.ServerPort))
        {
            LinkTotals client = Sum(port, Role.Client), server = Sum(port, Role.Server);
            if (client.SentBytes != server.ReceivedBytes || client.ReceivedBytes != server.SentBytes || client.Opened != server.Opened || client.Closed != server.Closed)
            {
                return $"the ends of port {port.Key} disagree: client {client}, server {server}";
            }
        }

        return null;
    }

    public override string ToString()
    {
        var text = new StringBuilder("#form\tlocal\tremote\tport\trole\tsent\treceived\topened\tclosed\tfailed\topen\n");
        foreach (ReportLine line in Lines)
        {
            LinkTotals totals = line.Totals;
            long open = totals.Opened - totals.Closed + OpenBefore.GetValueOrDefault(line.Key);
            text.Append(CultureInfo.InvariantCulture, $"{FormName(line.Key.Form)}\t{line.Key.Local}\t{line.Key.Remote}\t{line.Key.ServerPort}\t{(int)line.Key.Role}\t")
                .Append(CultureInfo.InvariantCulture, $"{totals.SentBytes}\t{totals.ReceivedBytes}\t{totals.Opened}\t{totals.Closed}\t{totals.Failed}\t{open}\n");
        }

        return text.ToString();
    }

    private static string FormName(AddressForm form) => form switch
    {
        AddressForm.V4 => "v4",
        AddressForm.V6 => "v6",
        _ => "mapped",
    };

    private static LinkTotals Sum(IEnumerable<ReportLine> lines, Role role) =>
        lines.Where(line => line.Key.Role == role).Aggregate(default(LinkTotals), static (sum, line) => sum + line.Totals);
}
