using System.Globalization;

namespace Caretta.Testing;

/// <summary>The root of the cgroup v2 tree. A process there belongs to no unit and no container, so the agent names it by itself.</summary>
internal static class RootCgroup
{
    /// <summary>Where the tree is mounted.</summary>
    public static string Mount { get; } = FindMount();

    /// <summary>Moves a process there; sockets that it creates from now on belong there too.</summary>
    public static void Adopt(int processId) =>
        File.WriteAllText(Path.Combine(Mount, "cgroup.procs"), processId.ToString(CultureInfo.InvariantCulture));

    // proc(5), /proc/PID/mountinfo: the mount point is the fifth field, the type comes after " - ".
    private static string FindMount()
    {
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            if (line.Contains(" - cgroup2 ", StringComparison.Ordinal))
            {
                return line.Split(' ')[4];
            }
        }

        throw new DirectoryNotFoundException("no cgroup v2 tree is mounted");
    }
}
