using System.Globalization;

namespace Caretta.Aot.Export;

/// <summary>What <c>caretta map</c> is asked to do.</summary>
internal sealed record MapOptions
{
    /// <summary>What <c>caretta map --help</c> prints.</summary>
    public const string Help = """
        Usage: caretta map [ADDRESS] [flags]      show who talks to whom, as an agent knows it

          ADDRESS, --agent URL    the agent, default http://127.0.0.1:7117
          --store URL             a Prometheus or VictoriaMetrics that collects from all agents, instead of an agent
          --scope node|cluster    the agent's own table, or the store that it asks (default node; cluster where a range is given)
          --from T, --to T        the range: 2026-03-01T12:00:00Z, seconds since 1970, -1h, now
          --last D                the same, as a duration up to now: 15m, 1h, 7d

          --format table|json|csv|dot|mermaid|networkpolicy
          --sort bytes|rate|opened|failed|new|name
          --limit N               only the first N links
          --width N               width of the table (default the terminal's, else no limit)

          --namespace NAME        one end is in it; may be repeated, as may --kind and --port
          --kind KIND             one end is of it: Deployment, Service, pod, external, unit, ...
          --port N                the server listens there
          --name TEXT             one end's name, namespace, kind or owner contains it
          --external              one end is outside
          --failing               connects fail
          --new D                 first seen within this time
          --system                the namespaces of the system, and Caretta's own, too

          --diff                  compare with the range before, of the same length
          --diff FILE             compare with what --format json wrote
          --diff-from T, --diff-to T   compare with this range

        Exit codes: 0 done, 1 the agent is away or refuses, 2 wrong arguments.
        """;

    /// <summary>Whether to print <see cref="Help"/> and do nothing else.</summary>
    public bool WantsHelp { get; init; }

    /// <summary>The agent.</summary>
    public Uri Agent { get; init; } = new("http://127.0.0.1:7117/");

    /// <summary>The store that is asked instead of an agent; null for none. May hold credentials.</summary>
    public string? Store { get; init; }

    /// <summary>Whether the store is asked, through the agent or straight.</summary>
    public bool IsCluster { get; init; }

    /// <summary>Begin of the range; null for the agent's default.</summary>
    public double? From { get; init; }

    /// <summary>End of the range; null together with the begin.</summary>
    public double? To { get; init; }

    /// <summary>What to write.</summary>
    public MapFormat Format { get; init; }

    /// <summary>Which links come first.</summary>
    public MapSort Sort { get; init; }

    /// <summary>How many links at most; 0 for all.</summary>
    public int Limit { get; init; }

    /// <summary>Width of the table; null for the terminal's.</summary>
    public int? Width { get; init; }

    /// <summary>Which links.</summary>
    public MapFilter Filter { get; init; } = new();

    /// <summary>Whether to compare.</summary>
    public bool Diff { get; init; }

    /// <summary>A file to compare with; null for a range.</summary>
    public string? DiffFile { get; init; }

    /// <summary>Begin of the range to compare with; null for the one before.</summary>
    public double? DiffFrom { get; init; }

    /// <summary>Its end.</summary>
    public double? DiffTo { get; init; }

    /// <summary>Reads the arguments behind the command's name.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="now">What relative times count from.</param>
    /// <exception cref="FormatException">They are wrong; the message says how, in one line.</exception>
    public static MapOptions Parse(ReadOnlySpan<string> arguments, DateTimeOffset now)
    {
        foreach (string argument in arguments)
        {
            if (argument is "--help" or "-h")
            {
                return new MapOptions { WantsHelp = true };
            }
        }

        var options = new MapOptions();
        List<string> namespaces = [];
        List<string> kinds = [];
        List<int> ports = [];
        string? scope = null;
        TimeSpan? last = null;
        HashSet<string> given = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            int equals = argument.StartsWith("--", StringComparison.Ordinal) ? argument.IndexOf('=', StringComparison.Ordinal) : -1;
            string flag = equals < 0 ? argument : argument[..equals];
            string? attached = equals < 0 ? null : argument[(equals + 1)..];
            string name = flag.StartsWith("--", StringComparison.Ordinal) ? flag : "--agent";
            if (name is not ("--namespace" or "--kind" or "--port") && !given.Add(name))
            {
                throw new FormatException(name == "--agent" ? "map: more than one agent" : $"{name}: given twice");
            }

            switch (flag)
            {
                case "--external": Switch(); options = options with { Filter = options.Filter with { External = true } }; break;
                case "--failing": Switch(); options = options with { Filter = options.Filter with { Failing = true } }; break;
                case "--system": Switch(); options = options with { Filter = options.Filter with { System = true } }; break;
                case "--diff":
                    string? file = attached;
                    if (file is null && i + 1 < arguments.Length && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
                    {
                        file = arguments[++i];
                    }

                    options = options with { Diff = true, DiffFile = file == "" ? throw Bad(flag, "a file", "") : file };
                    break;
                case "--agent": options = options with { Agent = ParseAgent(Value(arguments, ref i)) }; break;
                case "--store": options = options with { Store = ParseStore(Value(arguments, ref i)) }; break;
                case "--scope": scope = Value(arguments, ref i); break;
                case "--from": options = options with { From = Time(arguments, ref i) }; break;
                case "--to": options = options with { To = Time(arguments, ref i) }; break;
                case "--diff-from": options = options with { Diff = true, DiffFrom = Time(arguments, ref i) }; break;
                case "--diff-to": options = options with { Diff = true, DiffTo = Time(arguments, ref i) }; break;
                case "--last": last = Duration(arguments, ref i); break;
                case "--new": options = options with { Filter = options.Filter with { New = Duration(arguments, ref i) } }; break;
                case "--format": options = options with { Format = ParseFormat(Value(arguments, ref i)) }; break;
                case "--sort": options = options with { Sort = ParseSort(Value(arguments, ref i)) }; break;
                case "--limit": options = options with { Limit = Number(arguments, ref i, 1, int.MaxValue) }; break;
                case "--width": options = options with { Width = Number(arguments, ref i, 40, 10_000) }; break;
                case "--namespace": namespaces.Add(Value(arguments, ref i)); break;
                case "--kind": kinds.Add(Value(arguments, ref i)); break;
                case "--port": ports.Add(Number(arguments, ref i, 0, ushort.MaxValue)); break;
                case "--name": options = options with { Filter = options.Filter with { Text = Value(arguments, ref i) } }; break;
                case string address when !address.StartsWith('-'): options = options with { Agent = ParseAgent(address) }; break;
                default: throw new FormatException($"map: unknown flag {OptionsException.Quote(flag)}; see caretta map --help");
            }

            string Value(ReadOnlySpan<string> all, ref int at) =>
                attached ?? (at + 1 < all.Length ? all[++at] : throw new FormatException($"{flag}: expected a value, got nothing"));

            double Time(ReadOnlySpan<string> all, ref int at)
            {
                string text = Value(all, ref at);
                return MapTime.ParseTime(text, now) ?? throw Bad(flag, MapTime.TimeForms, text);
            }

            TimeSpan Duration(ReadOnlySpan<string> all, ref int at)
            {
                string text = Value(all, ref at);
                return MapTime.ParseDuration(text) ?? throw Bad(flag, MapTime.DurationForms, text);
            }

            int Number(ReadOnlySpan<string> all, ref int at, int least, int most)
            {
                string text = Value(all, ref at);
                return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
                    ? number : throw Bad(flag, $"a number from {least} to {most}", text);
            }

            void Switch()
            {
                if (attached is not null)
                {
                    throw new FormatException($"{flag}: takes no value");
                }
            }
        }

        options = options with { Filter = options.Filter with { Namespaces = namespaces, Kinds = kinds, Ports = ports } };
        return options.WithRange(scope, last, now.ToUnixTimeMilliseconds() / 1000.0, given.Contains("--agent"));
    }

    private MapOptions WithRange(string? scope, TimeSpan? last, double now, bool hasAgent)
    {
        if (scope is not (null or "node" or "cluster"))
        {
            throw Bad("--scope", "node or cluster", scope);
        }

        if (Store is not null && hasAgent)
        {
            throw new FormatException("map: expected an agent or --store, got both");
        }

        if (Store is not null && scope == "node")
        {
            throw new FormatException("--store: goes with --scope cluster only, for a store knows all nodes");
        }

        double? from = From;
        double? to = To;
        if (last is { } duration)
        {
            (from, to) = from is null && to is null ? (now - duration.TotalSeconds, now)
                : throw new FormatException("--last: goes without --from and --to");
        }
        else if (from is not null || to is not null)
        {
            to ??= now;
            _ = from ?? throw new FormatException("--to: expected --from as well");
        }

        CheckRange("--from, --to", from, to);
        bool isCluster = scope == "cluster" || Store is not null || (scope is null && from is not null);
        if (from is not null && !isCluster)
        {
            throw new FormatException("--from, --to, --last: go with --scope cluster only, for an agent remembers no history");
        }

        if (DiffFile is not null && (DiffFrom is not null || DiffTo is not null))
        {
            throw new FormatException("--diff: expected a file or a range, got both");
        }

        if (DiffFrom is null != DiffTo is null)
        {
            throw new FormatException("--diff-from, --diff-to: expected both");
        }

        CheckRange("--diff-from, --diff-to", DiffFrom, DiffTo);
        if (Diff && DiffFile is null && !isCluster)
        {
            throw new FormatException("--diff: an agent remembers no history: give a file that --format json wrote, or --scope cluster");
        }

        if (Diff && Format == MapFormat.NetworkPolicy)
        {
            throw new FormatException("--diff: does not go with --format networkpolicy");
        }

        bool isFiltered = Filter is not { Ports.Count: 0, Kinds.Count: 0, Text: "", External: false, Failing: false, New: null, System: false } || Limit > 0;
        if (Format == MapFormat.NetworkPolicy && isFiltered)
        {
            throw new FormatException("--format networkpolicy: goes with --namespace only: a policy that lacks links would break them");
        }

        return this with { IsCluster = isCluster, From = from, To = to };
    }

    private static void CheckRange(string flags, double? from, double? to)
    {
        if (to - from is { } seconds && seconds < 1)
        {
            throw new FormatException($"{flags}: expected at least a second, the earlier time first");
        }
    }

    private static string ParseStore(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            && url.Host.Length > 0 && url.Query.Length == 0 && url.Fragment.Length == 0
            ? text : throw new FormatException("--store: expected an http or https URL without query");

    private static Uri ParseAgent(string text)
    {
        string url = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        bool isUrl = Uri.TryCreate(url, UriKind.Absolute, out Uri? agent)
            && (agent.Scheme == Uri.UriSchemeHttp || agent.Scheme == Uri.UriSchemeHttps)
            && agent.Host.Length > 0 && agent.Query.Length == 0 && agent.Fragment.Length == 0 && agent.UserInfo.Length == 0;
        if (!isUrl)
        {
            throw Bad("--agent", "an address as 10.0.0.1:7117 or an http URL", text);
        }

        // An agent's own port, where none is said.
        var builder = new UriBuilder(agent!);
        if (!text.Contains("://", StringComparison.Ordinal) && agent!.IsDefaultPort && !text.TrimEnd('/').EndsWith(":80", StringComparison.Ordinal))
        {
            builder.Port = 7117;
        }

        builder.Path = builder.Path.TrimEnd('/') + "/";
        return builder.Uri;
    }

    private static MapFormat ParseFormat(string text) => text switch
    {
        "table" => MapFormat.Table,
        "json" => MapFormat.Json,
        "csv" => MapFormat.Csv,
        "dot" => MapFormat.Dot,
        "mermaid" => MapFormat.Mermaid,
        "networkpolicy" => MapFormat.NetworkPolicy,
        _ => throw Bad("--format", "table, json, csv, dot, mermaid or networkpolicy", text),
    };

    private static MapSort ParseSort(string text) => text switch
    {
        "bytes" => MapSort.Bytes,
        "rate" => MapSort.Rate,
        "opened" => MapSort.Opened,
        "failed" => MapSort.Failed,
        "new" => MapSort.New,
        "name" => MapSort.Name,
        _ => throw Bad("--sort", "bytes, rate, opened, failed, new or name", text),
    };

    private static FormatException Bad(string flag, string expected, string text) =>
        new($"{flag}: expected {expected}, got {OptionsException.Quote(text)}");
}
