using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>The kernel's tracing file system: tracepoints, and the list of probes that kernels before 4.17 are asked through.</summary>
internal static unsafe class Tracefs
{
    private const string Advice =
        "tracefs is not mounted, or may not be seen: mount -t tracefs tracefs /sys/kernel/tracing, or give the container that mount";

    private static readonly string[] Mounts = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

    /// <summary>The number by which perf_event_open(2) knows a tracepoint.</summary>
    /// <param name="tracepoint">Its group and name, e.g. <c>sock/inet_sock_set_state</c>.</param>
    /// <exception cref="FileNotFoundException">tracefs is not mounted, or has no such tracepoint; the message says which.</exception>
    public static ulong ReadTracepointId(string tracepoint)
    {
        string path = Path.Combine(FindMount(), "events", tracepoint, "id");
        return File.Exists(path)
            ? ulong.Parse(File.ReadAllText(path).AsSpan().Trim(), CultureInfo.InvariantCulture)
            : throw new FileNotFoundException($"this kernel has no tracepoint {tracepoint}", path);
    }

    /// <summary>The functions that can be traced and match a pattern of <c>*</c> and <c>?</c>.</summary>
    /// <exception cref="FileNotFoundException">tracefs is not mounted, or the kernel cannot trace functions.</exception>
    public static List<string> FindFunctions(string pattern)
    {
        string path = Path.Combine(FindMount(), "available_filter_functions");
        if (!File.Exists(path))
        {
            throw new FileNotFoundException("this kernel cannot trace functions (CONFIG_FUNCTION_TRACER)", path);
        }

        List<string> functions = [];
        foreach (string line in File.ReadLines(path))
        {
            // "function" or "function [module]"; some cannot be told apart by name, and the kernel refuses names that it knows twice.
            int end = line.AsSpan().IndexOfAny(' ', '\t');
            ReadOnlySpan<char> name = end < 0 ? line : line.AsSpan(0, end);
            if (System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))
            {
                functions.Add(name.ToString());
            }
        }

        return functions;
    }

    /// <summary>Appends one command to a list of probes; never truncates it, which would remove those of others.</summary>
    /// <param name="list"><c>kprobe_events</c> or <c>uprobe_events</c>.</param>
    /// <param name="command">As Documentation/trace/kprobetrace.rst describes it.</param>
    /// <returns>0 or <c>-errno</c>.</returns>
    /// <exception cref="FileNotFoundException">tracefs is not mounted, or the kernel has no such probes.</exception>
    public static int Command(string list, string command)
    {
        string path = Path.Combine(FindMount(), list);
        int fd = Libc.Open(path, Libc.O_WRONLY | Libc.O_APPEND | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno == Errno.ENOENT ? throw new FileNotFoundException($"this kernel has no {list} to make probes with", path) : -errno;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(command + "\n");

        // The kernel reads exactly that many bytes.
        fixed (byte* pointer = bytes)
        {
            nint written = Libc.Write(fd, pointer, (nuint)bytes.Length);
            int result = written < 0 ? -Marshal.GetLastPInvokeError() : 0;
            _ = Libc.Close(fd);
            return result;
        }
    }

    private static string FindMount() =>
        Array.Find(Mounts, static path => Directory.Exists(Path.Combine(path, "events"))) ?? throw new FileNotFoundException(Advice);
}
