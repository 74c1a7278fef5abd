using System.Globalization;
using System.Text;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>Hooks that are reached through perf_event_open(2).</summary>
internal static unsafe class PerfEvent
{
    private const uint PerfTypeTracepoint = 2;
    private const nuint PerfEventIocEnable = 0x2400;
    private const nuint PerfEventIocSetBpf = 0x40042408;
    private const int ReferenceCounterShift = 32;    // kernel/events/core.c, PERF_UPROBE_REF_CTR_OFFSET_SHIFT

    /// <inheritdoc cref="BpfLink.AttachTracepoint"/>
    public static BpfLink AttachTracepoint(BpfProgram program, string tracepoint, ulong cookie)
    {
        string description = $"{program.Name} to tracepoint {tracepoint}";
        var attr = new perf_event_attr { type = PerfTypeTracepoint, config = Tracefs.ReadTracepointId(tracepoint), sample_period = 1 };
        return Attach(program, Open(&attr, -1, 0, description), cookie, description, null);
    }

    /// <inheritdoc cref="BpfLink.AttachKprobe"/>
    public static BpfLink AttachKprobe(BpfProgram program, string function, bool isReturn, ulong offset, ulong cookie, bool viaTracefs)
    {
        string place = offset == 0 ? function : $"{function}+{offset}";
        string description = $"{program.Name} to {(isReturn ? "return of " : string.Empty)}kernel function {place}";
        return AttachProbe(program, "kprobe", isReturn, function, offset, 0, -1, place, cookie, viaTracefs, description);
    }

    /// <inheritdoc cref="BpfLink.AttachUprobe"/>
    public static BpfLink AttachUprobe(
        BpfProgram program, string file, ulong offset, bool isReturn, int process, ulong counterOffset, ulong cookie, bool viaTracefs)
    {
        string description = $"{program.Name} to {(isReturn ? "return of " : string.Empty)}{file}+0x{offset:x}";
        string counter = counterOffset == 0 ? string.Empty : $"(0x{counterOffset:x})";
        return AttachProbe(
            program, "uprobe", isReturn, file, offset, counterOffset, process, $"{file}:0x{offset:x}{counter}", cookie, viaTracefs, description);
    }

    /// <inheritdoc cref="BpfLink.AttachPerfEvent"/>
    public static BpfLink Attach(BpfProgram program, in BpfPerfEvent wanted, int process, int cpu, ulong cookie)
    {
        string description = $"{program.Name} to perf event {wanted}";
        var attr = new perf_event_attr
        {
            type = wanted.Type,
            config = wanted.Config,
            sample_period = wanted.Period,
            flags = wanted.IsFrequency ? perf_event_attr.Frequency : 0,
        };
        return Attach(program, Open(&attr, process, cpu, description), cookie, description, null);
    }

    private static BpfLink AttachProbe(
        BpfProgram program, string kind, bool isReturn, string target, ulong offset, ulong counterOffset, int process, string place,
        ulong cookie, bool viaTracefs, string description)
    {
        string source = $"/sys/bus/event_source/devices/{kind}";
        if (!viaTracefs && File.Exists(source + "/type"))
        {
            byte[] name = Encoding.UTF8.GetBytes(target + "\0");

            // The kernel reads up to the terminating NUL.
            fixed (byte* pointer = name)
            {
                var attr = new perf_event_attr
                {
                    type = (uint)ReadNumber(source + "/type", string.Empty),
                    config = (isReturn ? 1UL << (int)ReadNumber(source + "/format/retprobe", "config:") : 0)
                        | (counterOffset << ReferenceCounterShift),
                    config1 = BpfSyscall.Address(pointer),
                    config2 = offset,
                    sample_period = 1,
                };
                return Attach(program, Open(&attr, process, process == -1 ? 0 : -1, description), cookie, description, null);
            }
        }

        // Before Linux 4.17 there was no other way.
        ProbeEvent probe = ProbeEvent.Create(kind + "_events", isReturn, place, description);
        try
        {
            var attr = new perf_event_attr
            {
                type = PerfTypeTracepoint,
                config = Tracefs.ReadTracepointId(probe.Tracepoint),
                sample_period = 1,
            };
            return Attach(program, Open(&attr, process, process == -1 ? 0 : -1, description), cookie, description, probe);
        }
        catch
        {
            probe.Dispose();
            throw;
        }
    }

    private static ulong ReadNumber(string path, string prefix) =>
        ulong.Parse(File.ReadAllText(path).AsSpan().Trim()[prefix.Length..], CultureInfo.InvariantCulture);

    private static BpfHandle Open(perf_event_attr* attr, int process, int cpu, string description)
    {
        attr->size = (uint)sizeof(perf_event_attr);
        int result = KernelCalls.Current.PerfEventOpen(attr, process, cpu);
        return result >= 0 ? new BpfHandle(result) : throw new BpfException($"attach {description}", -result, advice: result switch
        {
            -Errno.EPERM or -Errno.EACCES => "needs CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8), or sysctl kernel.perf_event_paranoid forbids it",
            -Errno.ENOENT => "this kernel has no such event or function, or does not let it be probed",
            _ => null,
        });
    }

    /// <summary>Takes over the event's descriptor, and the probe if all goes well.</summary>
    private static BpfLink Attach(BpfProgram program, BpfHandle perfEvent, ulong cookie, string description, ProbeEvent? probe)
    {
        try
        {
            KernelCalls kernel = KernelCalls.Current;
            using BpfHandle.Lease lease = perfEvent.Borrow();
            using BpfHandle.Lease programLease = program.Handle.Borrow();
            var attr = new bpf_attr_link_create
            {
                prog_fd = (uint)programLease.Fd,
                target_fd = (uint)lease.Fd,
                attach_type = (uint)BpfAttachType.PerfEvent,
                iter_info = cookie,
            };
            int result = BpfSyscall.Call(bpf_cmd.BPF_LINK_CREATE, ref attr);
            if (result == -Errno.EINVAL && cookie == 0)
            {
                // No such links before Linux 5.15. ioctl works from 4.1 on and detaches with the event's descriptor, just as a link does.
                result = kernel.Ioctl(lease.Fd, PerfEventIocSetBpf, programLease.Fd);
                result = result < 0 ? result : kernel.Ioctl(lease.Fd, PerfEventIocEnable, 0);
                return result < 0
                    ? throw new BpfException($"attach {description}", -result)
                    : new BpfLink(perfEvent, description, isKernelLink: false, undo: probe);
            }

            if (result < 0)
            {
                throw new BpfException($"attach {description}", -result, advice: result switch
                {
                    -Errno.EINVAL => "cookies need Linux 5.15",
                    -Errno.E2BIG => "the kernel runs at most 64 programs at one event",
                    _ => Advice.For(-result),
                });
            }

            // The link has a reference of its own to the event.
            var link = new BpfLink(new BpfHandle(result), description, isKernelLink: true, undo: probe);
            perfEvent.Dispose();
            return link;
        }
        catch
        {
            perfEvent.Dispose();
            throw;
        }
    }
}
