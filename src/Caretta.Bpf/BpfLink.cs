using System.Runtime.InteropServices;
using System.Text;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>A program attached to a hook. Disposing it detaches; so does the end of the process, however it ends.</summary>
/// <remarks>Thread-safe. Keep it reachable: a collected link detaches.</remarks>
public sealed class BpfLink : IDisposable
{
    private readonly ProbeEvent? _probe;

    internal BpfLink(BpfHandle handle, string description, bool isKernelLink = true, ProbeEvent? probe = null)
    {
        Handle = handle;
        Description = description;
        IsKernelLink = isKernelLink;
        _probe = probe;
    }

    /// <summary>The descriptor; owned by this object.</summary>
    public BpfHandle Handle { get; }

    /// <summary>What is attached to what, for messages.</summary>
    public string Description { get; }

    /// <summary>Whether the kernel has an object for the attachment, which other programs can be put into and which can be pinned.</summary>
    public bool IsKernelLink { get; }

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
    /// Attaches to a cgroup and everything below it, beside the programs of others (BPF_F_ALLOW_MULTI is implied by links).
    /// Linux 5.7.
    /// </summary>
    /// <param name="program">A sockops, cgroup_skb, cgroup_sock… program.</param>
    /// <param name="cgroupPath">A directory of the cgroup v2 tree.</param>
    /// <exception cref="BpfException">Refused: EPERM if an ancestor's program forbids it, EBADF if the path is not of cgroup v2.</exception>
    public static BpfLink AttachCgroup(BpfProgram program, string cgroupPath)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentException.ThrowIfNullOrEmpty(cgroupPath);
        int fd = Libc.Open(cgroupPath, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            throw new BpfException($"open cgroup {cgroupPath}", Marshal.GetLastPInvokeError());
        }

        using var cgroup = new BpfHandle(fd);
        using BpfHandle.Lease target = cgroup.Borrow();
        return Create(program, target.Fd, $"cgroup {cgroupPath}");
    }

    /// <summary>Makes an iterator of a loaded <c>iter/</c> program. Linux 5.8.</summary>
    /// <param name="program">The program.</param>
    /// <param name="map">For iterators over the elements of one map (<c>bpf_map_elem</c>, <c>bpf_sk_storage_map</c>), that map.</param>
    /// <exception cref="BpfException">Refused: EBADF or EINVAL if the iterator wants a map and has none.</exception>
    public static unsafe BpfLink AttachIterator(BpfProgram program, BpfMap? map = null)
    {
        ArgumentNullException.ThrowIfNull(program);
        string description = map is null ? $"{program.Name} to iterator" : $"{program.Name} to iterator over map {map.Name}";
        using BpfHandle.Lease lease = program.Handle.Borrow();
        if (map is null)
        {
            return Create(lease.Fd, 0, program.AttachType, 0, 0, description);
        }

        using BpfHandle.Lease mapLease = map.Handle.Borrow();
        var target = new bpf_iter_link_info { map_fd = (uint)mapLease.Fd };

        // target lives on this stack frame until the call returns.
        return Create(lease.Fd, 0, program.AttachType, BpfSyscall.Address(&target), (uint)sizeof(bpf_iter_link_info), description);
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

    /// <inheritdoc/>
    public void Dispose()
    {
        Handle.Dispose();
        _probe?.Dispose();
    }

    private static BpfLink Create(BpfProgram program, int targetFd, string target)
    {
        using BpfHandle.Lease lease = program.Handle.Borrow();
        return Create(lease.Fd, targetFd, program.AttachType, 0, 0, $"{program.Name} to {target}");
    }

    internal static BpfLink Create(int programFd, int targetFd, BpfAttachType type, ulong info, uint infoLength, string description)
    {
        var attr = new bpf_attr_link_create
        {
            prog_fd = (uint)programFd,
            target_fd = (uint)targetFd,
            attach_type = (uint)type,
            iter_info = info,
            iter_info_len = infoLength,
        };
        int result = BpfSyscall.Call(bpf_cmd.BPF_LINK_CREATE, ref attr);
        return result < 0
            ? throw new BpfException($"attach {description}", -result, advice: Advice.For(-result))
            : new BpfLink(new BpfHandle(result), description);
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
            return result < 0
                ? throw new BpfException($"attach {description}", -result, advice: Advice.For(-result))
                : new BpfLink(new BpfHandle(result), description);
        }
    }
}
