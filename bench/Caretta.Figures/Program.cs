using System.Diagnostics;
using System.Globalization;

namespace Caretta.Benchmarks;

/// <summary>
/// The few figures that the budget knows, in seconds instead of BenchmarkDotNet's minutes and compiled as the agent is: what warm
/// operations allocate, and what they cost at best, as <c>NAME tab VALUE</c>.
/// </summary>
internal static class Program
{
    private const int Warm = 30;
    private const int Windows = 15;

    /// <summary>Prints them all.</summary>
    /// <param name="arguments">Program that drains in C; see <c>../drain/drain.c</c>.</param>
    public static int Main(string[] arguments)
    {
        if (arguments is not [var drain])
        {
            Console.Error.WriteLine("usage: caretta-figures PATH-OF-DRAIN");
            return 2;
        }

        var page = new PageBenchmarks { Series = 10_000 };
        page.MakeLinks();
        Measure("metrics_page_10k", page.Plain);
        Measure("metrics_page_10k_gzip", page.Gzip);
        Measure("copy_of_page_10k", page.Copy);

        var links = new LinkBenchmarks { Links = 10_000 };
        links.MakeTable();
        Measure("link_table_10k", links.Update);
        Measure("name_10k", () => links.Name());
        Measure("name_in_cluster_10k", () => links.NameInCluster());
        links.Dispose();

        var types = new BtfBenchmarks();
        types.ReadKernelTypes();
        Measure("btf_parse", () => types.Parse());
        Measure("btf_parse_and_index", () => types.ParseAndIndex());
        Measure("copy_of_btf", types.Copy);

        var requests = new RequestBenchmarks();
        Measure("http_request", () => requests.Request());
        Measure("watch_events_1k", () => requests.WatchEvents().GetAwaiter().GetResult());
        foreach (int entries in (ReadOnlySpan<int>)[1_000, 10_000, 100_000])
        {
            CompareDrain(drain, entries);
        }

        return 0;
    }

    // In turns, and of each the best: what else the machine does can only add.
    private static void CompareDrain(string drain, int links)
    {
        var ours = new DrainBenchmarks { Links = links };
        ours.MakeMap();
        double best = double.MaxValue, bestInC = double.MaxValue;
        long allocated = long.MaxValue;
        for (int i = 0; i < Windows; i++)
        {
            ours.Fill();
            (double took, long bytes) = Once(() => ours.Take());
            best = Math.Min(best, took);
            allocated = Math.Min(allocated, bytes);
            bestInC = Math.Min(bestInC, RunInC(drain, links));
        }

        ours.Dispose();
        string name = string.Create(CultureInfo.InvariantCulture, $"drain_{links / 1000}k");
        Print(name + ".allocated_bytes", allocated);
        Print(name + ".ms", best);
        Print(name + ".c_ms", bestInC);
        Print(name + ".over_c", best / bestInC);
    }

    private static double RunInC(string drain, int links)
    {
        using Process process = Process.Start(new ProcessStartInfo(drain, links.ToString(CultureInfo.InvariantCulture)) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? double.Parse(output, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"{drain} ended with {process.ExitCode}");
    }

    private static void Measure(string name, Action operation)
    {
        for (int i = 0; i < Warm; i++)
        {
            operation();
        }

        double best = double.MaxValue;
        long allocated = long.MaxValue;
        for (int i = 0; i < Windows; i++)
        {
            (double took, long bytes) = Once(operation);
            best = Math.Min(best, took);
            allocated = Math.Min(allocated, bytes);
        }

        Print(name + ".allocated_bytes", allocated);
        Print(name + ".ms", best);
    }

    private static (double Milliseconds, long Bytes) Once(Action operation)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        operation();
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        long after = GC.GetAllocatedBytesForCurrentThread();
        return (took.TotalMilliseconds, after - before);
    }

    private static void Print(string name, double value) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"micro.{name}\t{value:0.####}"));
}
