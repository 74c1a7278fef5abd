using System.Globalization;

namespace Caretta.Cluster.Tests.Support;

/// <summary>What a process has used so far.</summary>
/// <param name="ProcessorTime">In user space and in the kernel.</param>
/// <param name="ResidentBytes">Resident memory (VmRSS).</param>
/// <param name="PeakBytes">Resident memory at its highest (VmHWM).</param>
internal readonly record struct ProcessUse(TimeSpan ProcessorTime, long ResidentBytes, long PeakBytes)
{
    // proc_pid_stat(5) counts in clock ticks, of which user space always sees 100 in a second (USER_HZ).
    private const long TicksPerClockTick = TimeSpan.TicksPerSecond / 100;

    public static ProcessUse Of(int processId)
    {
        string directory = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}");
        string stat = File.ReadAllText(Path.Combine(directory, "stat"));

        // The second field is the program's name in parentheses and may contain anything; utime and stime are the 14th and 15th.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long clockTicks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        string[] status = File.ReadAllLines(Path.Combine(directory, "status"));
        return new ProcessUse(TimeSpan.FromTicks(clockTicks * TicksPerClockTick), BytesAfter(status, "VmRSS:"), BytesAfter(status, "VmHWM:"));
    }

    private static long BytesAfter(string[] status, string name)
    {
        string line = status.Single(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
