namespace Caretta.Kernel.Tests.Loader;

/// <summary>The BPF objects that this process holds open.</summary>
internal static class OpenDescriptors
{
    /// <summary>Maps, programs, links, types and iterators; all other files come and go as the runtime likes.</summary>
    public static int Count()
    {
        int count = 0;
        foreach (string path in Directory.EnumerateFiles("/proc/self/fd"))
        {
            // anon_inode:bpf-map, anon_inode:bpf-prog, anon_inode:bpf_link, anon_inode:btf, anon_inode:bpf_iter, anon_inode:[perf_event]
            string target = new FileInfo(path).LinkTarget ?? string.Empty;
            if (target.Contains("bpf", StringComparison.Ordinal) || target.Contains("btf", StringComparison.Ordinal)
                || target.Contains("perf_event", StringComparison.Ordinal))
            {
                count++;
            }
        }

        return count;
    }
}
