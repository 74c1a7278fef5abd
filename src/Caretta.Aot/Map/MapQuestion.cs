using System.Globalization;
using System.Text;

namespace Caretta.Aot.Map;

/// <summary>
/// What <c>/api/links</c> or <c>/api/history</c> is asked for, checked: nothing else of a request reaches the store. Equal questions have
/// equal answers.
/// </summary>
internal sealed record MapQuestion
{
    private const double MaxRangeSeconds = 400 * 86400.0;
    private const double MaxTime = 253402300799;        // the end of the year 9999
    private const int MaxNameLength = 512;
    private const int MaxShownLength = 64;

    /// <summary>Whether it is about the cluster, and not this node.</summary>
    public bool IsCluster { get; init; }

    /// <summary>Begin of the range in seconds since 1970; null for the last minutes.</summary>
    public double? From { get; init; }

    /// <summary>End of the range; null together with <see cref="From"/>.</summary>
    public double? To { get; init; }

    /// <summary>Whether the quickest answer is wanted that a map can be drawn from; of the cluster only.</summary>
    public bool IsSketch { get; init; }

    /// <summary>Client of the links wanted, null for any.</summary>
    public (string Name, string Namespace)? Client { get; init; }

    /// <summary>Server of the links wanted, null for any.</summary>
    public (string Name, string Namespace)? Server { get; init; }

    /// <summary>Port of the links wanted, null for any.</summary>
    public int? Port { get; init; }

    /// <summary>Reads the parameters of <c>/api/links</c>.</summary>
    /// <exception cref="MapException">Something is not allowed.</exception>
    public static MapQuestion ParseLinks(ReadOnlySpan<byte> query)
    {
        var values = new Values(query, "scope", "from", "to", "detail");
        MapQuestion question = ReadRange(values);
        string detail = values["detail"] ?? "all";
        if (detail is not ("all" or "sketch"))
        {
            throw MapException.BadParameter($"detail: expected all or sketch, got {Quote(detail)}");
        }

        return detail == "all" || question.IsCluster ? question with { IsSketch = detail == "sketch" }
            : throw MapException.BadParameter("detail: sketch goes with scope=cluster only; what an agent counts itself is there at once");
    }

    /// <summary>Reads the parameters of <c>/api/policies</c>, but for the namespaces.</summary>
    /// <exception cref="MapException">Something is not allowed.</exception>
    public static MapQuestion ParsePolicies(ReadOnlySpan<byte> query) => ReadRange(new Values(query, "scope", "from", "to"));

    /// <summary>Reads the parameters of <c>/api/history</c>.</summary>
    /// <exception cref="MapException">Something is not allowed.</exception>
    public static MapQuestion ParseHistory(ReadOnlySpan<byte> query)
    {
        var values = new Values(query, "scope", "from", "to", "client", "clientNamespace", "server", "serverNamespace", "port");
        MapQuestion question = ReadRange(values);
        if (!question.IsCluster)
        {
            throw MapException.BadParameter("scope: expected cluster; an agent remembers no history");
        }

        if (question.From is null)
        {
            throw MapException.BadParameter("from, to: both are needed");
        }

        question = question with { Client = values.ReadEnd("client"), Server = values.ReadEnd("server"), Port = values.ReadPort() };
        return question.Client is null && question.Server is null
            ? throw MapException.BadParameter("client, server: at least one end is needed, with its namespace")
            : question;
    }

    /// <summary>Text from a request, for a message: short, and without what could break a line.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (quoted.Length > MaxShownLength)
            {
                quoted.Append('…');
                break;
            }

            quoted.Append(Rune.IsControl(rune) ? "?" : rune.ToString());
        }

        return quoted.Append('"').ToString();
    }

    private static MapQuestion ReadRange(Values values)
    {
        string scope = values["scope"] ?? "node";
        if (scope is not ("node" or "cluster"))
        {
            throw MapException.BadParameter($"scope: expected node or cluster, got {Quote(scope)}");
        }

        double? from = values.ReadTime("from");
        double? to = values.ReadTime("to");
        if (from is null != to is null)
        {
            throw MapException.BadParameter("from, to: expected both or neither");
        }

        if (from is not null && scope == "node")
        {
            throw MapException.BadParameter("from, to: go with scope=cluster only; an agent remembers no history");
        }

        if (to - from is { } seconds && seconds is not (>= 1 and <= MaxRangeSeconds))
        {
            throw MapException.BadParameter("from, to: expected a range of one second to 400 days, the earlier time first");
        }

        return new MapQuestion { IsCluster = scope == "cluster", From = from, To = to };
    }

    private sealed class Values
    {
        private readonly string[] _names;
        private readonly string?[] _values;

        public Values(ReadOnlySpan<byte> query, params string[] names)
        {
            _names = names;
            _values = new string?[names.Length];
            var parameters = new QueryParameters(query);
            while (parameters.MoveNext())
            {
                int index = Array.IndexOf(names, parameters.Name);
                if (index < 0)
                {
                    throw MapException.BadParameter($"{Quote(parameters.Name)}: no such parameter; there are {string.Join(", ", names)}");
                }

                if (_values[index] is not null)
                {
                    throw MapException.BadParameter($"{parameters.Name}: given twice");
                }

                _values[index] = parameters.Value;
            }
        }

        public string? this[string name] => _values[Array.IndexOf(_names, name)];

        public double? ReadTime(string name) => this[name] is not { } text ? null
            : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double time) && time is >= 0 and <= MaxTime
                ? time : throw MapException.BadParameter($"{name}: expected seconds since 1970, got {Quote(text)}");

        public int? ReadPort() => this["port"] is not { } text ? null
            : ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
                ? port : throw MapException.BadParameter($"port: expected a number up to 65535, got {Quote(text)}");

        public (string Name, string Namespace)? ReadEnd(string end)
        {
            string? name = this[end];
            string? space = this[end + "Namespace"];
            if (name is null != space is null)
            {
                throw MapException.BadParameter($"{end}, {end}Namespace: expected both or neither");
            }

            return name is null ? null
                : name.Length <= MaxNameLength && space!.Length <= MaxNameLength ? (name, space)
                : throw MapException.BadParameter($"{end}: expected a name of at most {MaxNameLength} characters");
        }
    }
}
