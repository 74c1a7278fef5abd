namespace Caretta.Aot.Links;

/// <summary>Counts the machine's open TCP connections, ends of them to be exact, by what /proc shows. proc(5), /proc/net/tcp.</summary>
internal static class OpenConnections
{
    // enum in include/net/tcp_states.h, as two hexadecimal digits.
    private static readonly string[] OpenStates = [" 01 ", " 04 ", " 05 ", " 08 "];

    /// <summary>Ends that are established or half closed, in every network namespace that a visible process lives in.</summary>
    public static ulong Count()
    {
        ulong count = 0;
        HashSet<string> namespaces = [];
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (!char.IsAsciiDigit(process["/proc/".Length]))
            {
                continue;
            }

            try
            {
                if (new FileInfo($"{process}/ns/net").LinkTarget is { } target && namespaces.Add(target))
                {
                    count += CountIn($"{process}/net/tcp") + CountIn($"{process}/net/tcp6");
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is none of our business. Others share its namespace, or nobody does.
            }
        }

        return count;
    }

    private static ulong CountIn(string path)
    {
        ulong count = 0;
        foreach (string line in File.ReadLines(path))
        {
            // The state is the first field of two digits between blanks: number, local and remote end come before it.
            int end = Math.Min(line.Length, 100);
            count += OpenStates.Any(state => line.AsSpan(0, end).Contains(state, StringComparison.Ordinal)) ? 1u : 0;
        }

        return count;
    }
}
