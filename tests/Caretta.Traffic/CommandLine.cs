using System.Globalization;
using System.Net;

using Caretta.Traffic.Reports;
using Caretta.Traffic.Wire;

namespace Caretta.Traffic;

/// <summary>The modes of the program. Each ends by itself: a hard deadline stops what hangs.</summary>
internal static class CommandLine
{
    private const string Usage = """
        usage: caretta-traffic MODE [--flag value]…

          storm    opens listeners and drives them from this process, then prints the report
          drive    drives listeners elsewhere: --to ADDRESS:PORT,…
          serve    a session with listeners: --listen ADDRESS:PORT,…
          session  reads commands from standard input, one a line; "help" lists them
          compare  holds a report against a metrics page: --report FILE --metrics URL|FILE [--baseline FILE] [--client-name N] [--server-name N]
          watch    scrapes --metrics URL until standard input ends; fails if a total ever fell
          get      prints what --url URL answers

        storm and drive take --connections --concurrency --seed --bulk-streams --bulk-bytes --refused --request-bytes --response-bytes
        --ports --addresses --out FILE --hold true (keep the process until standard input ends); all modes take --deadline SECONDS.
        """;

    /// <summary>Runs one mode.</summary>
    /// <returns>The exit code: 0 good, 1 a difference or a failure, 2 a wrong command line, 124 out of time.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length == 0 || args[0] is "help" or "--help")
        {
            Console.Error.WriteLine(Usage);
            return args.Length == 0 ? 2 : 0;
        }

        try
        {
            Flags flags = Flags.Parse(args.AsSpan(1));
            TimeSpan deadline = TimeSpan.FromSeconds(flags.GetInt64("deadline", 120));
            using var timeout = new CancellationTokenSource(deadline);
            // Whatever does not listen to the token is ended all the same.
            using var guillotine = new Timer(static _ => Environment.Exit(124), null, deadline + TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
            int code = args[0] switch
            {
                "storm" => await StormAsync(flags, timeout.Token).ConfigureAwait(false),
                "drive" => await DriveAsync(flags, timeout.Token).ConfigureAwait(false),
                "serve" or "session" => await SessionAsync(flags, timeout.Token).ConfigureAwait(false),
                "compare" => await CompareAsync(flags, timeout.Token).ConfigureAwait(false),
                "watch" => await WatchAsync(flags, timeout.Token).ConfigureAwait(false),
                "get" => await GetAsync(flags, timeout.Token).ConfigureAwait(false),
                _ => throw new FormatException($"there is no mode \"{args[0]}\""),
            };
            flags.ThrowIfUnused();
            return code;
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine($"caretta-traffic: {e.Message}");
            return 2;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("caretta-traffic: out of time");
            return 124;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or TrafficException)
        {
            Console.Error.WriteLine($"caretta-traffic: {e.Message}");
            return 1;
        }
    }

    private static async Task<int> StormAsync(Flags flags, CancellationToken cancellation)
    {
        var ledger = new Ledger();
        await using var server = new TrafficServer(ledger);
        StormOptions options = StormOptions.From(flags);
        IReadOnlyList<StormTarget> targets = StormTarget.OpenOnLoopback(server, (int)flags.GetInt64("ports", 4), (int)flags.GetInt64("addresses", 4));
        bool hold = flags.GetBool("hold");
        string? output = flags.GetString("out");
        flags.ThrowIfUnused();

        await new Storm(ledger, options, targets).RunAsync(cancellation).ConfigureAwait(false);
        await server.WaitIdleAsync(cancellation).ConfigureAwait(false);

        TrafficReport report = TrafficReport.From(ledger);
        Write(report, output);
        string? fault = server.FirstFault ?? report.FindImbalance();
        if (fault is not null)
        {
            Console.Error.WriteLine($"caretta-traffic: {fault}");
            return 1;
        }

        await HoldAsync(hold, cancellation).ConfigureAwait(false);
        return 0;
    }

    private static async Task<int> DriveAsync(Flags flags, CancellationToken cancellation)
    {
        var ledger = new Ledger();
        StormOptions options = StormOptions.From(flags);
        var targets = flags.GetRequired("to").Split(',').Select(static to => StormTarget.To(ParseEndPoint(to))).ToList();
        bool hold = flags.GetBool("hold");
        string? output = flags.GetString("out");
        flags.ThrowIfUnused();

        await new Storm(ledger, options, targets).RunAsync(cancellation).ConfigureAwait(false);
        Write(TrafficReport.From(ledger), output);
        await HoldAsync(hold, cancellation).ConfigureAwait(false);
        return 0;
    }

    private static async Task<int> SessionAsync(Flags flags, CancellationToken cancellation)
    {
        string[] listen = flags.GetString("listen")?.Split(',') ?? [];
        flags.ThrowIfUnused();
        using TextReader input = OpenInput();
        await using var session = new Session(input, Console.Out);
        foreach (string endpoint in listen)
        {
            session.Listen(ParseEndPoint(endpoint));
        }

        await session.RunAsync(cancellation).ConfigureAwait(false);
        return 0;
    }

    private static async Task<int> CompareAsync(Flags flags, CancellationToken cancellation)
    {
        TrafficReport report = TrafficReport.Parse(await File.ReadAllTextAsync(flags.GetRequired("report"), cancellation).ConfigureAwait(false));
        if (flags.GetString("baseline") is { } baseline)
        {
            report = report.Since(TrafficReport.Parse(await File.ReadAllTextAsync(baseline, cancellation).ConfigureAwait(false)));
        }

        var scope = new ComparisonScope { ClientName = flags.GetString("client-name"), ServerName = flags.GetString("server-name") };
        string metrics = flags.GetRequired("metrics");
        var patience = TimeSpan.FromSeconds(flags.GetInt64("patience", 10));
        flags.ThrowIfUnused();

        Comparison comparison = await Comparison.UntilEqualAsync(() => Task.FromResult(report), () => MetricsPage.LoadAsync(metrics, cancellation), scope, patience, cancellation)
            .ConfigureAwait(false);
        Console.Out.WriteLine(comparison.ToString());
        return comparison.Equal ? 0 : 1;
    }

    private static async Task<int> WatchAsync(Flags flags, CancellationToken cancellation)
    {
        string metrics = flags.GetRequired("metrics");
        flags.ThrowIfUnused();
        var watch = new TotalsWatch();
        using TextReader input = OpenInput();
        Task<string> ended = input.ReadToEndAsync(cancellation);
        while (!ended.IsCompleted)
        {
            watch.Observe(await MetricsPage.LoadAsync(metrics, cancellation).ConfigureAwait(false));
            await Task.WhenAny(ended, Task.Delay(10, cancellation)).ConfigureAwait(false);
        }

        Console.Out.WriteLine(watch.ToString());
        return watch.Falls.Count == 0 && watch.Scrapes > 0 ? 0 : 1;
    }

    private static async Task<int> GetAsync(Flags flags, CancellationToken cancellation)
    {
        var url = new Uri(flags.GetRequired("url"));
        flags.ThrowIfUnused();
        Console.Out.Write(await HttpGet.ReadAsync(url, cancellation).ConfigureAwait(false));
        return 0;
    }

    private static void Write(TrafficReport report, string? file)
    {
        if (file is null)
        {
            Console.Out.Write(report.ToString());
            return;
        }

        // Whoever waits for the file to appear sees it whole.
        File.WriteAllText(file + ".part", report.ToString());
        File.Move(file + ".part", file, overwrite: true);
    }

    private static async Task HoldAsync(bool hold, CancellationToken cancellation)
    {
        if (hold)
        {
            using TextReader input = OpenInput();
            await input.ReadToEndAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Standard input. Not <see cref="Console.In"/>, whose asynchronous methods block.</summary>
    private static StreamReader OpenInput() => new(Console.OpenStandardInput());

    /// <summary>"127.0.0.1:80" or "[::1]:80".</summary>
    internal static IPEndPoint ParseEndPoint(string text) =>
        IPEndPoint.TryParse(text, out IPEndPoint? endpoint)
            ? endpoint
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"expected ADDRESS:PORT, got \"{text}\""));
}
