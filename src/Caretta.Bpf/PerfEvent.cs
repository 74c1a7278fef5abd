using System.Globalization;
using System.Runtime.InteropServices;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Hooks that are reached through perf_event_open(2).</summary>
internal static class PerfEvent
{
    private const uint PerfTypeTracepoint = 2;
    private const nuint PerfEventIocEnable = 0x2400;
    private const nuint PerfEventIocSetBpf = 0x40042408;
    private const nint PerfFlagFdCloexec = 8;

    private static readonly string[] TracefsMounts = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

    /// <inheritdoc cref="BpfLink.AttachTracepoint"/>
    public static BpfLink AttachTracepoint(BpfProgram program, string tracepoint)
    {
        string description = $"{program.Name} to tracepoint {tracepoint}";
        BpfHandle handle = Open(PerfTypeTracepoint, ReadTracepointId(tracepoint), description);
        try
        {
            using BpfHandle.Lease lease = handle.Borrow();
            using BpfHandle.Lease programLease = program.Handle.Borrow();

            // ioctl works from Linux 4.7 on and detaches with the event's descriptor, just as a link does.
            Control(lease.Fd, PerfEventIocSetBpf, programLease.Fd, description);
            Control(lease.Fd, PerfEventIocEnable, 0, description);
            return new BpfLink(handle, description);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Control(int fd, nuint request, nint argument, string description)
    {
        if (Libc.Ioctl(fd, request, argument) < 0)
        {
            throw new BpfException($"attach {description}", Marshal.GetLastPInvokeError());
        }
    }

    private static ulong ReadTracepointId(string tracepoint)
    {
        string? mount = Array.Find(TracefsMounts, static path => Directory.Exists(Path.Combine(path, "events")));
        if (mount is null)
        {
            throw new FileNotFoundException(
                "tracefs is not mounted, or may not be seen: mount -t tracefs tracefs /sys/kernel/tracing, "
                + "or give the container that mount");
        }

        string path = Path.Combine(mount, "events", tracepoint, "id");
        return File.Exists(path)
            ? ulong.Parse(File.ReadAllText(path).AsSpan().Trim(), CultureInfo.InvariantCulture)
            : throw new FileNotFoundException($"this kernel has no tracepoint {tracepoint}", path);
    }

    private static unsafe BpfHandle Open(uint type, ulong config, string description)
    {
        perf_event_attr attr = default;
        attr.type = type;
        attr.size = (uint)sizeof(perf_event_attr);
        attr.config = config;
        attr.sample_period = 1;

        // attr lives on this stack frame until the call returns.
        nint fd = Libc.Syscall(SystemCall.PerfEventOpen, (nint)(&attr), -1, 0, -1, PerfFlagFdCloexec);
        return fd < 0
            ? throw new BpfException($"open perf event for {description}", Marshal.GetLastPInvokeError(), advice: "needs CAP_PERFMON")
            : new BpfHandle((int)fd);
    }

    /// <summary><c>struct perf_event_attr</c> of include/uapi/linux/perf_event.h, first version (PERF_ATTR_SIZE_VER0, 64 bytes).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct perf_event_attr
    {
        public uint type;
        public uint size;
        public ulong config;
        public ulong sample_period;
        public ulong sample_type;
        public ulong read_format;
        public ulong flags;
        public uint wakeup_events;
        public uint bp_type;
        public ulong config1;
    }
}
