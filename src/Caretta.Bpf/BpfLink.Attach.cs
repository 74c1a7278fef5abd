using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <content>Ways to attach, by hook. Each takes the newest way that the kernel has.</content>
public sealed partial class BpfLink
{
    /// <summary>
    /// Attaches a program to the hook that its section names: <c>kprobe/FUNCTION</c>, <c>kretprobe/…</c>, <c>ksyscall/CALL</c>,
    /// <c>uprobe/FILE:FUNCTION</c>, <c>tracepoint/GROUP/NAME</c>, <c>raw_tp/NAME</c>, <c>tp_btf</c>, <c>fentry</c>, <c>fexit</c>,
    /// <c>lsm</c>, <c>iter</c>.
    /// </summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    /// <exception cref="FileNotFoundException">The kernel has no such hook, or tracefs is needed and not mounted.</exception>
    /// <exception cref="KeyNotFoundException">The file has no such function.</exception>
    /// <exception cref="NotSupportedException">
    /// The section does not say where: cgroups, devices and events have methods of their own here.
    /// </exception>
    public static BpfLink Attach(BpfProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        string section = program.SectionName.TrimStart('?');
        int slash = section.IndexOf('/', StringComparison.Ordinal);
        string kind = slash < 0 ? section : section[..slash];
        string target = program.AttachTarget;
        bool isReturn = kind.StartsWith("kret", StringComparison.Ordinal) || kind.StartsWith("uret", StringComparison.Ordinal);
        switch (program.Type)
        {
            case BpfProgramType.Tracing when program.AttachType == BpfAttachType.TraceIterator:
                return AttachIterator(program);
            case BpfProgramType.Tracing or BpfProgramType.Extension:
            case BpfProgramType.Lsm when program.AttachType != BpfAttachType.LsmCgroup:
                return AttachTracing(program);
            case BpfProgramType.RawTracepoint or BpfProgramType.RawTracepointWritable when target.Length > 0:
                return AttachRawTracepoint(program, target);
            case BpfProgramType.Tracepoint when target.Length > 0:
                return AttachTracepoint(program, target);
            case BpfProgramType.Kprobe when target.Length > 0 && kind is "kprobe" or "kretprobe":
                ulong place = SplitOffset(ref target);
                return AttachKprobe(program, target, isReturn, place);
            case BpfProgramType.Kprobe when target.Length > 0 && kind is "kprobe.multi" or "kretprobe.multi":
                List<string> functions = Tracefs.FindFunctions(target);
                return functions.Count > 0
                    ? AttachKprobes(program, functions, isReturn)
                    : throw new FileNotFoundException($"{program.Name}: this kernel has no function {target}");
            case BpfProgramType.Kprobe when target.Length > 0 && kind is "ksyscall" or "kretsyscall":
                return AttachSystemCall(program, target, isReturn);
            case BpfProgramType.Kprobe when kind is "uprobe" or "uretprobe" or "uprobe.s" or "uretprobe.s" && target.LastIndexOf(':') is > 0 and int colon:
                string function = target[(colon + 1)..];
                ulong offset = SplitOffset(ref function);
                string file = target[..colon];
                return AttachUprobe(program, file, UserSymbols.FindOffset(file, function) + offset, isReturn);
            default:
                throw new NotSupportedException(
                    $"{program.Name}: section {program.SectionName} does not say where to attach to: use the method for its kind");
        }
    }

    /// <summary>
    /// Attaches a program whose BTF target was fixed when it was loaded: <c>tp_btf</c>, <c>fentry</c>, <c>fexit</c>, <c>lsm</c>.
    /// BPF_RAW_TRACEPOINT_OPEN without a name, Linux 5.5.
    /// </summary>
    /// <exception cref="BpfException">Refused.</exception>
    public static BpfLink AttachTracing(BpfProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        return OpenRawTracepoint(program, null);
    }

    /// <summary>Attaches a <c>raw_tp</c> program by the tracepoint's name. Linux 4.17.</summary>
    /// <exception cref="BpfException">Refused: ENOENT if there is no such tracepoint.</exception>
    public static BpfLink AttachRawTracepoint(BpfProgram program, string tracepoint)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentException.ThrowIfNullOrEmpty(tracepoint);
        return OpenRawTracepoint(program, tracepoint);
    }

    /// <summary>
    /// Attaches to a cgroup and everything below it, beside the programs of others. Linux 4.15; before 5.7, which has links for it, it
    /// outlives the process.
    /// </summary>
    /// <param name="program">A sockops, cgroup_skb, cgroup_sock… program.</param>
    /// <param name="cgroupPath">A directory of the cgroup v2 tree.</param>
    /// <exception cref="BpfException">Refused: EPERM if an ancestor's program forbids it, EBADF if the path is not of cgroup v2.</exception>
    public static BpfLink AttachCgroup(BpfProgram program, string cgroupPath)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentException.ThrowIfNullOrEmpty(cgroupPath);
        return ProgramAttachment.AttachCgroup(program, cgroupPath);
    }

    /// <summary>Makes an iterator of a loaded <c>iter/</c> program. Linux 5.8.</summary>
    /// <param name="program">The program.</param>
    /// <param name="map">For iterators over the elements of one map (<c>bpf_map_elem</c>, <c>bpf_sk_storage_map</c>), that map.</param>
    /// <exception cref="BpfException">Refused: EBADF or EINVAL if the iterator wants a map and has none.</exception>
    public static BpfLink AttachIterator(BpfProgram program, BpfMap? map = null) =>
        AttachIterator(program, map is null ? null : BpfIteratorTarget.ElementsOf(map));

    /// <summary>Makes an iterator over a part of what its section names.</summary>
    /// <param name="program">The program.</param>
    /// <param name="target">Which part; null for all.</param>
    /// <exception cref="BpfException">Refused: EINVAL if the iterator, or the kernel, takes no such part.</exception>
    public static unsafe BpfLink AttachIterator(BpfProgram program, BpfIteratorTarget? target)
    {
        ArgumentNullException.ThrowIfNull(program);
        string description = target is null ? $"{program.Name} to iterator" : $"{program.Name} to iterator over {target.Description}";
        if (target is null)
        {
            return Wrap(TryCreate(program, 0, program.AttachType, 0), description);
        }

        // All of them live on this stack frame until the call returns.
        if (target.Map is { } map)
        {
            using BpfHandle.Lease mapLease = map.Handle.Borrow();
            var info = new bpf_iter_link_info_map { map_fd = (uint)mapLease.Fd };
            return CreateIterator(program, &info, sizeof(bpf_iter_link_info_map), description);
        }

        if (target.CgroupPath is { } path)
        {
            using BpfHandle cgroup = ProgramAttachment.OpenCgroup(path);
            using BpfHandle.Lease cgroupLease = cgroup.Borrow();
            var info = new bpf_iter_link_info_cgroup { order = (uint)target.Order, cgroup_fd = (uint)cgroupLease.Fd };
            return CreateIterator(program, &info, sizeof(bpf_iter_link_info_cgroup), description);
        }

        var task = new bpf_iter_link_info_task { tid = target.ThreadId, pid = target.ProcessId };
        return CreateIterator(program, &task, sizeof(bpf_iter_link_info_task), description);
    }

    /// <summary>Attaches a <c>tracepoint</c> program, e.g. to <c>sock/inet_sock_set_state</c>. Linux 4.7; needs tracefs.</summary>
    /// <param name="program">The program.</param>
    /// <param name="tracepoint">Group and name.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives the program; other than 0 from Linux 5.15 on.</param>
    /// <exception cref="BpfException">Refused.</exception>
    /// <exception cref="FileNotFoundException">tracefs is not mounted, or has no such tracepoint; the message says which.</exception>
    public static BpfLink AttachTracepoint(BpfProgram program, string tracepoint, ulong cookie = 0)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentException.ThrowIfNullOrEmpty(tracepoint);
        return PerfEvent.AttachTracepoint(program, tracepoint, cookie);
    }

    /// <summary>
    /// Attaches a <c>kprobe</c> program to a function of the kernel, at its entry or return. Linux 4.1, before 4.17 through tracefs; needs
    /// CONFIG_KPROBES and CONFIG_BPF_EVENTS.
    /// </summary>
    /// <param name="program">The program.</param>
    /// <param name="function">Name as in /proc/kallsyms.</param>
    /// <param name="isReturn">Whether it runs when the function returns.</param>
    /// <param name="offset">Bytes from the function's start, at an instruction's first byte; 0 for returns.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives the program; other than 0 from Linux 5.15 on.</param>
    /// <exception cref="BpfException">Refused: ENOENT if there is no such function, EINVAL if it must not be probed.</exception>
    /// <exception cref="FileNotFoundException">The kernel has no such probes, or tracefs is needed and not mounted.</exception>
    public static BpfLink AttachKprobe(BpfProgram program, string function, bool isReturn = false, ulong offset = 0, ulong cookie = 0)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentException.ThrowIfNullOrEmpty(function);
        return PerfEvent.AttachKprobe(program, function, isReturn, offset, cookie, viaTracefs: false);
    }

    /// <summary>Attaches a <c>uprobe</c> program to code of user space, at an instruction or a function's return. Linux 4.3.</summary>
    /// <param name="program">The program.</param>
    /// <param name="file">The executable or library; of another mount namespace through /proc/PID/root.</param>
    /// <param name="offset">Bytes from the file's start, which is seldom the symbol's value.</param>
    /// <param name="isReturn">Whether it runs when the function that starts there returns.</param>
    /// <param name="process">The process to watch, or −1 for all, also those to come.</param>
    /// <param name="counterOffset">Where the file counts who watches (USDT semaphore), Linux 4.20; 0 for none.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives the program; other than 0 from Linux 5.15 on.</param>
    /// <exception cref="BpfException">Refused.</exception>
    /// <exception cref="FileNotFoundException">The kernel has no such probes, or tracefs is needed and not mounted.</exception>
    public static BpfLink AttachUprobe(
        BpfProgram program, string file, ulong offset, bool isReturn = false, int process = -1, ulong counterOffset = 0, ulong cookie = 0)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentException.ThrowIfNullOrEmpty(file);
        return PerfEvent.AttachUprobe(program, file, offset, isReturn, process, counterOffset, cookie, viaTracefs: false);
    }

    /// <summary>Attaches a <c>perf_event</c> program to an event on one processor. Linux 4.9.</summary>
    /// <param name="program">The program.</param>
    /// <param name="wanted">The event and how often.</param>
    /// <param name="process">The process to watch, or −1 for all.</param>
    /// <param name="cpu">The processor; −1 for wherever <paramref name="process"/> runs.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives the program; other than 0 from Linux 5.15 on.</param>
    /// <exception cref="BpfException">Refused: ENOENT or EOPNOTSUPP if the machine has no such event, ENODEV no such processor.</exception>
    public static BpfLink AttachPerfEvent(BpfProgram program, in BpfPerfEvent wanted, int process, int cpu, ulong cookie = 0)
    {
        ArgumentNullException.ThrowIfNull(program);
        return PerfEvent.Attach(program, wanted, process, cpu, cookie);
    }

    /// <summary>
    /// Attaches a <c>kprobe</c> program to a system call, whatever this architecture calls its function. Arguments are in the inner
    /// <c>struct pt_regs</c> where the kernel wraps them (LINUX_HAS_SYSCALL_WRAPPER).
    /// </summary>
    /// <param name="program">The program.</param>
    /// <param name="systemCall">Its bare name, e.g. <c>connect</c>.</param>
    /// <param name="isReturn">Whether it runs when the call returns.</param>
    /// <param name="cookie">What <c>bpf_get_attach_cookie</c> gives the program; other than 0 from Linux 5.15 on.</param>
    /// <exception cref="BpfException">Refused: ENOENT if there is no such system call.</exception>
    /// <exception cref="FileNotFoundException">The kernel has no such probes, or tracefs is needed and not mounted.</exception>
    public static BpfLink AttachSystemCall(BpfProgram program, string systemCall, bool isReturn = false, ulong cookie = 0)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentException.ThrowIfNullOrEmpty(systemCall);
        string architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";

        // With wrappers (Linux 4.17, 4.19 for arm64); without; and as it was before 4.17.
        string[] functions = [$"__{architecture}_sys_{systemCall}", $"__se_sys_{systemCall}", $"sys_{systemCall}"];
        for (int i = 0; ; i++)
        {
            try
            {
                return AttachKprobe(program, functions[i], isReturn, 0, cookie);
            }
            catch (BpfException missing) when (missing.ErrorNumber is Errno.ENOENT or Errno.EADDRNOTAVAIL && i < functions.Length - 1)
            {
                // The next name, then.
            }
        }
    }

    /// <summary>Attaches a <c>kprobe.multi</c> program to many functions of the kernel at once. Linux 5.18; needs CONFIG_FPROBE.</summary>
    /// <param name="program">The program.</param>
    /// <param name="functions">Names as in /proc/kallsyms.</param>
    /// <param name="isReturn">Whether it runs when they return.</param>
    /// <exception cref="BpfException">Refused: ENOENT or ESRCH if one of them is missing or cannot be traced.</exception>
    public static unsafe BpfLink AttachKprobes(BpfProgram program, IReadOnlyList<string> functions, bool isReturn = false)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(functions);
        ArgumentOutOfRangeException.ThrowIfZero(functions.Count);
        byte[] names = Encoding.UTF8.GetBytes(string.Concat(functions.Select(static name => name + "\0")));
        ulong[] addresses = new ulong[functions.Count];
        using BpfHandle.Lease lease = program.Handle.Borrow();

        // The kernel reads the addresses and, at each, up to a NUL; both arrays are pinned until the call returns.
        fixed (byte* first = names)
        fixed (ulong* symbols = addresses)
        {
            byte* at = first;
            for (int i = 0; i < addresses.Length; i++)
            {
                addresses[i] = BpfSyscall.Address(at);
                at += Encoding.UTF8.GetByteCount(functions[i]) + 1;
            }

            const uint Return = 1;    // include/uapi/linux/bpf.h, BPF_F_KPROBE_MULTI_RETURN
            var attr = new bpf_attr_link_create_multi
            {
                prog_fd = (uint)lease.Fd,
                attach_type = (uint)BpfAttachType.TraceKprobeMulti,
                kprobe_multi = new bpf_kprobe_multi
                {
                    flags = isReturn ? Return : 0,
                    cnt = (uint)functions.Count,
                    syms = BpfSyscall.Address(symbols),
                },
            };
            string what = functions.Count == 1 ? functions[0] : $"{functions[0]} and {functions.Count - 1} more";
            int result = BpfSyscall.Call(bpf_cmd.BPF_LINK_CREATE, ref attr);
            string description = $"{program.Name} to kernel functions {what}";
            return result is -Errno.EOPNOTSUPP or -Errno.EINVAL
                ? throw new BpfException($"attach {description}", -result, advice: "needs Linux 5.18 built with CONFIG_FPROBE")
                : Wrap(result, description);
        }
    }

    /// <summary>
    /// Attaches an <c>xdp</c> program to a network device of this thread's network namespace. Linux 4.8; before 5.9, which has links for
    /// it, it outlives the process.
    /// </summary>
    /// <param name="program">The program.</param>
    /// <param name="device">Index of the device, as in /sys/class/net/NAME/ifindex.</param>
    /// <param name="mode">Where it runs.</param>
    /// <exception cref="BpfException">Refused: EBUSY if there is another program, EOPNOTSUPP if the device cannot run it so.</exception>
    public static BpfLink AttachXdp(BpfProgram program, int device, BpfXdpMode mode = BpfXdpMode.Any)
    {
        ArgumentNullException.ThrowIfNull(program);
        return NetworkAttachment.AttachXdp(program, device, mode, viaNetlink: false);
    }

    /// <summary>
    /// Attaches a <c>tc</c> program to what a network device receives or sends, beside the programs of others. Linux 4.5; before 6.6, which
    /// has links for it, it outlives the process and leaves the device with a <c>clsact</c> queueing discipline.
    /// </summary>
    /// <param name="program">The program; its return value is the action.</param>
    /// <param name="device">Index of the device in this thread's network namespace.</param>
    /// <param name="isIngress">True for what comes in.</param>
    /// <exception cref="BpfException">Refused.</exception>
    public static BpfLink AttachTraffic(BpfProgram program, int device, bool isIngress)
    {
        ArgumentNullException.ThrowIfNull(program);
        return NetworkAttachment.AttachTraffic(program, device, isIngress, viaNetlink: false);
    }

    /// <summary>Attaches a <c>sk_lookup</c> (Linux 5.9) or <c>flow_dissector</c> (5.7) program to a network namespace.</summary>
    /// <param name="program">The program.</param>
    /// <param name="path">The namespace, e.g. <c>/proc/self/ns/net</c>.</param>
    /// <exception cref="BpfException">Refused, or there is no such file.</exception>
    public static BpfLink AttachNetworkNamespace(BpfProgram program, string path)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentException.ThrowIfNullOrEmpty(path);
        int fd = Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            throw new BpfException($"open network namespace {path}", Marshal.GetLastPInvokeError());
        }

        using var target = new BpfHandle(fd);
        using BpfHandle.Lease lease = target.Borrow();
        return Wrap(TryCreate(program, lease.Fd, program.AttachType, 0), $"{program.Name} to network namespace {path}");
    }

    /// <summary>
    /// Attaches a <c>sk_skb</c> (Linux 4.14) or <c>sk_msg</c> (4.17) program to the sockets that are put into a map from then on: they keep it
    /// as long as they are in there, also when it is detached (<c>sock_map_link</c>, net/core/sock_map.c). Before 6.10, which has links for it,
    /// it lasts as long as the map.
    /// </summary>
    /// <param name="program">The program.</param>
    /// <param name="map">A SOCKMAP or SOCKHASH.</param>
    /// <exception cref="BpfException">Refused: EBUSY if there is one that does not go with it, EOPNOTSUPP for another kind of map.</exception>
    public static BpfLink AttachSocketMap(BpfProgram program, BpfMap map)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(map);
        return ProgramAttachment.AttachSocketMap(program, map, viaLink: true);
    }

    /// <summary>Attaches a <c>netfilter</c> program to the packets of this thread's network namespace. Linux 6.4.</summary>
    /// <param name="program">The program; it returns NF_DROP (0) or NF_ACCEPT (1).</param>
    /// <param name="hook">Which packets.</param>
    /// <exception cref="BpfException">Refused: EOPNOTSUPP without CONFIG_NETFILTER_BPF_LINK, EBUSY if the priority is taken.</exception>
    public static BpfLink AttachNetfilter(BpfProgram program, BpfNetfilterHook hook)
    {
        ArgumentNullException.ThrowIfNull(program);
        using BpfHandle.Lease lease = program.Handle.Borrow();
        var attr = new bpf_attr_link_create_netfilter
        {
            prog_fd = (uint)lease.Fd,
            attach_type = (uint)BpfAttachType.Netfilter,
            pf = (uint)hook.Family,
            hooknum = (uint)hook.Number,
            priority = hook.Priority,
        };
        return Wrap(
            BpfSyscall.Call(bpf_cmd.BPF_LINK_CREATE, ref attr),
            $"{program.Name} to netfilter hook {hook.Number} of family {hook.Family}, priority {hook.Priority}");
    }

    private static unsafe BpfLink OpenRawTracepoint(BpfProgram program, string? tracepoint)
    {
        using BpfHandle.Lease lease = program.Handle.Borrow();
        byte[] name = Encoding.UTF8.GetBytes(tracepoint + "\0");

        // The kernel reads up to the terminating NUL.
        fixed (byte* pointer = name)
        {
            var attr = new bpf_attr_raw_tracepoint
            {
                name = tracepoint is null ? 0 : BpfSyscall.Address(pointer),
                prog_fd = (uint)lease.Fd,
            };
            int result = BpfSyscall.Call(bpf_cmd.BPF_RAW_TRACEPOINT_OPEN, ref attr);
            string description = $"{program.Name} to {tracepoint ?? program.AttachTarget}";
            return Wrap(result, description);
        }
    }

    private static unsafe BpfLink CreateIterator(BpfProgram program, void* info, int length, string description)
    {
        using BpfHandle.Lease lease = program.Handle.Borrow();
        var attr = new bpf_attr_link_create
        {
            prog_fd = (uint)lease.Fd,
            attach_type = (uint)program.AttachType,
            iter_info = BpfSyscall.Address(info),
            iter_info_len = (uint)length,
        };
        return Wrap(BpfSyscall.Call(bpf_cmd.BPF_LINK_CREATE, ref attr), description);
    }

    /// <summary>A <c>kprobe</c> or <c>kretprobe</c> the way of Linux before 4.17, on any kernel.</summary>
    internal static BpfLink AttachLegacyKprobe(BpfProgram program) => PerfEvent.AttachKprobe(
        program, program.AttachTarget, program.SectionName.Contains("kret", StringComparison.Ordinal), 0, 0, viaTracefs: true);

    /// <summary>An <c>uprobe</c> the way of Linux before 4.17, on any kernel.</summary>
    internal static BpfLink AttachLegacyUprobe(BpfProgram program, string file, ulong offset) =>
        PerfEvent.AttachUprobe(program, file, offset, isReturn: false, -1, 0, 0, viaTracefs: true);

    /// <summary>Cuts <c>+12</c> or <c>+0xc</c> off.</summary>
    private static ulong SplitOffset(ref string function)
    {
        int plus = function.LastIndexOf('+');
        ReadOnlySpan<char> digits = plus < 0 ? default : function.AsSpan(plus + 1);
        bool isHex = digits.StartsWith("0x", StringComparison.Ordinal);
        if (!ulong.TryParse(
            isHex ? digits[2..] : digits, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture,
            out ulong offset))
        {
            return 0;
        }

        function = function[..plus];
        return offset;
    }
}
