using System.Globalization;
using System.Text;
using Caretta.Aot.Links;
using Caretta.Aot.Metrics;

namespace Caretta.Aot;

/// <summary>
/// Everything that can be set from outside, read once at start and checked. Each setting is an environment variable and a flag; a flag
/// wins. Variables that are not settings are ignored, for the environment is shared; flags that are not settings are refused.
/// </summary>
internal sealed record AgentOptions
{
    private const double MinPollSeconds = 0.02;
    private const double MaxPollSeconds = 3600;
    private const int MaxEndpointLength = 256;
    private const int MaxNodeNameLength = 253;      // RFC 1123 subdomain, as the API server checks it
    private const int MaxMaxLinks = 1_000_000;

    private static readonly string[] TakenPaths = ["/", "/healthz", "/readyz", "/map.js", "/layout.js", "/style.css"];

    // Flags that are not settings. Help and version are answered wherever they stand, even beside something wrong.
    private static readonly string[] OtherFlags = ["--help", "--version", "--json"];

    /// <summary>All settings, in the order of the help.</summary>
    public static IReadOnlyList<AgentSetting> Settings { get; } =
    [
        new("PROMETHEUS_PORT", "7117", "a port from 1 to 65535", "port to listen on", false, static (options, text) =>
            ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0
                ? options with { Port = port } : null),
        new("PROMETHEUS_ENDPOINT", "/metrics", "a path such as /metrics, other than those of the map and of /healthz and /readyz", "path of the metric page",
            false, static (options, text) => IsEndpoint(text) ? options with { Endpoint = text } : null),
        new("POLL_INTERVAL", "5", "seconds from 0.02 to 3600", "time from one poll to the next", false, static (options, text) =>
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
                && seconds is >= MinPollSeconds and <= MaxPollSeconds
                ? options with { PollInterval = TimeSpan.FromSeconds(seconds) } : null),
        new("RESOLVE_DNS", "false", "true or false", "names for external addresses", true, static (options, text) =>
            ParseBool(text) is { } value ? options with { ResolveDns = value } : null),
        new("TRAVERSE_UP_HIERARCHY", "true", "true or false", "name a pod by the owner at the top", true, static (options, text) =>
            ParseBool(text) is { } value ? options with { TraverseUpHierarchy = value } : null),
        new("SERVICE_AS", "service", "service or workload", "show a service, or the workload behind it where that is one", false,
            static (options, text) => text is "service" or "workload" ? options with { ServiceAsWorkload = text == "workload" } : null),
        new("NODE_NAME", "", "a name of at most 253 characters, or nothing for the host name", "what the cluster calls this node", false,
            static (options, text) => text.Length <= MaxNodeNameLength ? options with { NodeName = text } : null),
        new("MAX_LINKS", "10000", "a number from 1 to 1000000", "links shown; the rest is added up under the name other", false,
            static (options, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int links)
                && links is >= 1 and <= MaxMaxLinks ? options with { MaxLinks = links } : null),
        new("LINK_TTL", "3600", "seconds, or 0 for never", "idle time after which a link ends if an end of it is gone", false,
            static (options, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)
                ? options with { LinkTtl = TimeSpan.FromSeconds(seconds) } : null),
        new("LINK_METRICS", "all", "all, or names separated by commas of " + LinkFamily.Names, "metrics to export for each link", false,
            static (options, text) => LinkFamily.TryParseSelection(text, out LinkFamilies families, out _)
                ? options with { LinkFamilies = families } : null),
        new("MAP", "true", "true or false", "serve the map at / and the API behind it", true, static (options, text) =>
            ParseBool(text) is { } value ? options with { Map = value } : null),
        new("PROMETHEUS_URL", "", "an http or https URL without query, or nothing",
            "Prometheus or VictoriaMetrics that collects from all agents, for the map of the whole cluster", false,
            static (options, text) => IsStoreUrl(text) ? options with { PrometheusUrl = text } : null),
    ];

    /// <summary>What to do.</summary>
    public AgentCommand Command { get; init; } = AgentCommand.Run;

    /// <summary><c>check --json</c>: answer in JSON.</summary>
    public bool Json { get; init; }

    /// <summary>TCP port to listen on.</summary>
    public int Port { get; init; } = 7117;

    /// <summary>Path of the metric page; begins with a slash.</summary>
    public string Endpoint { get; init; } = "/metrics";

    /// <summary>Time from one poll to the next.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether external addresses get names from DNS.</summary>
    public bool ResolveDns { get; init; }

    /// <summary>Whether a pod goes by the owner at the top instead of its own name.</summary>
    public bool TraverseUpHierarchy { get; init; } = true;

    /// <summary>Whether a service is shown as the workload behind it, where that is one.</summary>
    public bool ServiceAsWorkload { get; init; }

    /// <summary>What the cluster calls this node; empty for the host name.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Links shown, besides one per role that takes the rest.</summary>
    public int MaxLinks { get; init; } = 10_000;

    /// <summary>Idle time after which a link ends if an end of it is gone; zero for never.</summary>
    public TimeSpan LinkTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Metric families to export for each link.</summary>
    public LinkFamilies LinkFamilies { get; init; } = LinkFamilies.All;

    /// <summary>Whether the map and the API behind it are served.</summary>
    public bool Map { get; init; } = true;

    /// <summary>The store that collects from all agents; empty for none. May hold a password: not for logs.</summary>
    public string PrometheusUrl { get; init; } = "";

    /// <summary>What of the kernel to do without, for developers: <see cref="KernelPartList.Variable"/>, which has no flag.</summary>
    public KernelParts Without { get; init; }

    /// <summary>What <c>--help</c> prints.</summary>
    public static string HelpText { get; } = WriteHelp();

    /// <summary>Reads the settings.</summary>
    /// <param name="arguments">Command line without the program's name.</param>
    /// <param name="variable">Looks up an environment variable; null when it is not set.</param>
    /// <exception cref="OptionsException">Something is not allowed; the message says what and what would be.</exception>
    public static AgentOptions Parse(ReadOnlySpan<string> arguments, Func<string, string?> variable)
    {
        foreach (string argument in arguments)
        {
            if (argument is "--help" or "-h" or "--version")
            {
                return new AgentOptions { Command = argument is "--version" ? AgentCommand.Version : AgentCommand.Help };
            }
        }

        Dictionary<AgentSetting, (string Flag, string Value)> flags = [];
        AgentOptions options = ParseArguments(arguments, flags) with { Without = ParseWithout(variable(KernelPartList.Variable)) };
        foreach (AgentSetting setting in Settings)
        {
            (string name, string? value) = flags.TryGetValue(setting, out (string Flag, string Value) flag)
                ? flag : (setting.Variable, variable(setting.Variable));
            if (value is not null)
            {
                options = setting.Apply(options, value)
                    ?? throw OptionsException.BadValue(name, setting.Expected, setting.Variable == "PROMETHEUS_URL" ? HidePassword(value) : value);
            }
        }

        return options;
    }

    private static AgentOptions ParseArguments(ReadOnlySpan<string> arguments, Dictionary<AgentSetting, (string, string)> flags)
    {
        var options = new AgentOptions();
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            if (argument == "check")
            {
                options = options.Command == AgentCommand.Run
                    ? options with { Command = AgentCommand.Check } : throw new OptionsException("check: given twice");
                continue;
            }

            if (argument == "--json")
            {
                options = !options.Json ? options with { Json = true } : throw new OptionsException("--json: given twice");
                continue;
            }

            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                throw new OptionsException($"{OptionsException.Quote(argument)} is neither a flag nor the command check; see --help");
            }

            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? argument : argument[..equals];
            AgentSetting setting = Find(name);
            string? value = equals < 0 ? null : argument[(equals + 1)..];
            string? next = i + 1 < arguments.Length ? arguments[i + 1] : null;
            if (value is null && next is not null
                && (setting.IsSwitch ? ParseBool(next) is not null : !next.StartsWith("--", StringComparison.Ordinal)))
            {
                value = next;
                i++;
            }

            value ??= setting.IsSwitch ? "true" : throw new OptionsException($"{name}: expected {setting.Expected}, got nothing");
            if (!flags.TryAdd(setting, (name, value)))
            {
                throw new OptionsException($"{name}: given twice");
            }
        }

        return options.Json && options.Command != AgentCommand.Check
            ? throw new OptionsException("--json: goes with the command check only")
            : options;
    }

    private static KernelParts ParseWithout(string? text) => KernelPartList.TryParse(text, out KernelParts parts)
        ? parts : throw OptionsException.BadValue(KernelPartList.Variable, $"names separated by commas of {KernelPartList.AllNames}", text!);

    private static AgentSetting Find(string flag)
    {
        string? nearest = null;
        int nearestDistance = int.MaxValue;
        foreach (AgentSetting setting in Settings)
        {
            if (setting.Flag == flag)
            {
                return setting;
            }

            Consider(setting.Flag);
        }

        foreach (string other in OtherFlags)
        {
            Consider(other);
        }

        // Beyond a third of the letters it is a different word, not a slip.
        string hint = nearest is not null && nearestDistance <= Math.Max(2, nearest.Length / 3) ? $"did you mean {nearest}?" : "see --help";
        throw new OptionsException($"unknown flag {OptionsException.Quote(flag)}: {hint}");

        void Consider(string candidate)
        {
            int distance = EditDistance(flag, candidate);
            if (distance < nearestDistance)
            {
                (nearest, nearestDistance) = (candidate, distance);
            }
        }
    }

    // Levenshtein's distance: letters to insert, drop or change.
    private static int EditDistance(string left, string right)
    {
        const int MaxCompared = 64;     // longer than any flag; keeps hostile arguments cheap
        if (left.Length > MaxCompared)
        {
            return int.MaxValue;
        }

        int[] row = new int[right.Length + 1];
        for (int j = 0; j < row.Length; j++)
        {
            row[j] = j;
        }

        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.Length; j++)
            {
                int changed = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }

    // What the original took: strconv.ParseBool of Go.
    private static bool? ParseBool(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => null,
    };

    private static bool IsStoreUrl(string text) => text.Length == 0
        || (Uri.TryCreate(text, UriKind.Absolute, out Uri? url)
            && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            && url.Host.Length > 0 && url.Query.Length == 0 && url.Fragment.Length == 0);

    private static string HidePassword(string url)
    {
        int at = url.LastIndexOf('@');
        int begin = url.IndexOf("//", StringComparison.Ordinal);
        begin = begin < 0 ? 0 : begin + 2;
        return at > begin ? string.Concat(url.AsSpan(0, begin), "…", url.AsSpan(at)) : url;
    }

    // Matched byte for byte against the request's path, so only characters that a client sends as they are (RFC 3986, section 3.3).
    private static bool IsEndpoint(string text)
    {
        if (!text.StartsWith('/') || text.Length > MaxEndpointLength || TakenPaths.Contains(text)
            || text.StartsWith("/api/", StringComparison.Ordinal))
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"/-._~!$&'()*+,;=:@".Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private static string WriteHelp()
    {
        var help = new StringBuilder("""
            Usage: caretta [flags]                run the agent: shows which service talks to which
                   caretta check [--json]         say whether and how it can run on this machine
                   caretta inspect OBJECT.o       show what is in a BPF object and whether it loads here:
                       [--btf FILE] [--load] [--json] [--dump]

            Flags, each also an environment variable (a flag wins):

            """);
        foreach (AgentSetting setting in Settings)
        {
            help.Append(CultureInfo.InvariantCulture, $"""
                  {setting.Flag} ({setting.Variable}), default {setting.Default}
                      {setting.Meaning}: {setting.Expected}

                """);
        }

        return help.Append("""
              --help, -h
              --version

            """).ToString();
    }
}
