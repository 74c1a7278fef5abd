using System.Diagnostics;
using Caretta.Bpf;

namespace Caretta.LoaderTrial;

/// <summary>Loads one object, once, and says what it took: for bench/load/run.sh.</summary>
internal static class LoadTime
{
    /// <summary>Prints wall time and processor time in milliseconds, and the most memory that was resident, in KB.</summary>
    public static void Print(string path)
    {
        using Process self = Process.GetCurrentProcess();
        TimeSpan processor = self.TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        using LoadedObject loaded = BpfLoader.Load(BpfObject.Parse(File.ReadAllBytes(path), path));
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        self.Refresh();
        processor = self.TotalProcessorTime - processor;
        string peak = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        Console.WriteLine($"{took.TotalMilliseconds:F2} {processor.TotalMilliseconds:F2} {peak["VmHWM:".Length..^"kB".Length].Trim()}");
    }
}
