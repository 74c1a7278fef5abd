using Caretta.Aot.Links;
using Caretta.Bpf;

namespace Caretta.Aot.Check;

/// <summary>
/// Looks at everything the agent needs of this machine, then loads and attaches for real and cleans up again. Its verdict is what the
/// agent would then do.
/// </summary>
internal sealed class SystemCheck
{
    // include/linux/proc_ns.h, PROC_PID_INIT_INO: the inode number of the machine's own pid namespace.
    private const string InitialPidNamespace = "pid:[4026531836]";

    private readonly List<CheckItem> _items = [];
    private bool _isRefusedElsewhere;

    private SystemCheck()
    {
    }

    /// <summary>Everything that was looked at, in order.</summary>
    public IReadOnlyList<CheckItem> Items => _items;

    /// <summary>The tier that would run; null if none can.</summary>
    public string? Tier { get; private set; }

    /// <summary>Why no better tier would run; null if the best one does.</summary>
    public string? Reason { get; private set; }

    /// <summary>Whether the agent can run.</summary>
    public bool Passed => Tier is not null && !_isRefusedElsewhere;

    /// <summary>Checks this machine.</summary>
    /// <param name="objects">The agent's BPF objects.</param>
    /// <param name="without">What to do without, as the agent would.</param>
    public static SystemCheck Run(TierObjects objects, KernelParts without = KernelParts.None)
    {
        var check = new SystemCheck();
        check.CheckKernel();
        check.CheckTypes(objects);
        string? cgroupMount = check.CheckCgroups();
        check.CheckCapabilities();
        check.CheckLockdown();
        check.CheckPidNamespace();
        check.CheckTiers(objects, without, cgroupMount);
        return check;
    }

    /// <summary>Adds what was looked at elsewhere. What failed there keeps the agent from running.</summary>
    public void Add(IEnumerable<CheckItem> items)
    {
        foreach (CheckItem item in items)
        {
            _items.Add(item);
            _isRefusedElsewhere |= item.State == CheckState.Failed;
        }
    }

    private void CheckKernel() => _items.Add(new CheckItem("kernel", CheckState.Ok, KernelRelease.Text));

    private void CheckTypes(TierObjects objects)
    {
        if (KernelTypes.AreAvailable)
        {
            _items.Add(new CheckItem("kernel types", CheckState.Ok, KernelTypes.Path));
            return;
        }

        string carried = objects.FindTypes(KernelRelease.Text) is { } types ? $"carried: {types.Name}" : "none carried for this kernel";
        _items.Add(new CheckItem("kernel types", CheckState.Warning, $"{KernelTypes.Path} is missing, {carried}",
            "for the main tier use a kernel built with CONFIG_DEBUG_INFO_BTF=y, or mount /sys of the machine"));
    }

    private string? CheckCgroups()
    {
        string? mount = CgroupTree.FindMount();
        if (mount is null)
        {
            _items.Add(new CheckItem("cgroup v2", CheckState.Warning, "not mounted",
                "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified, or give the container the machine's /sys/fs/cgroup"));
        }
        else if (CgroupTree.TryGetId(mount, out ulong id) && id != CgroupTree.RootId)
        {
            _items.Add(new CheckItem("cgroup v2", CheckState.Warning, $"{mount} is not the root of the machine's tree",
                "only connections of this subtree are seen from their start: mount the machine's /sys/fs/cgroup"));
        }
        else
        {
            _items.Add(new CheckItem("cgroup v2", CheckState.Ok, mount));
        }

        return mount;
    }

    private void CheckCapabilities()
    {
        string missing = Capabilities.ReadOwn().DescribeMissing();
        _items.Add(missing.Length == 0
            ? new CheckItem("capabilities", CheckState.Ok, "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN")
            : new CheckItem("capabilities", CheckState.Warning, $"missing {missing}", "run as root, or grant them to the process or container"));
    }

    private void CheckLockdown()
    {
        const string Path = "/sys/kernel/security/lockdown";
        if (!File.Exists(Path))
        {
            _items.Add(new CheckItem("lockdown", CheckState.Ok, "not reported by this kernel"));
            return;
        }

        // The active mode is the one in brackets: none [integrity] confidentiality.
        string modes = File.ReadAllText(Path).Trim();
        _items.Add(modes.Contains("[confidentiality]", StringComparison.Ordinal)
            ? new CheckItem("lockdown", CheckState.Warning, modes, "confidentiality forbids BPF programs to read kernel memory: boot with lockdown=integrity or none")
            : new CheckItem("lockdown", CheckState.Ok, modes));
    }

    private void CheckPidNamespace()
    {
        string? target = new FileInfo("/proc/self/ns/pid").LinkTarget;
        _items.Add(target is null or InitialPidNamespace
            ? new CheckItem("pid namespace", CheckState.Ok, "the machine's")
            : new CheckItem("pid namespace", CheckState.Warning, $"a container's own ({target})",
                "connections that were open before the start stay unseen: run in the machine's pid namespace (hostPID: true)"));
    }

    private void CheckTiers(TierObjects objects, KernelParts without, string? cgroupMount)
    {
        IReadOnlyList<TierAttempt> attempts;
        string does = "";
        try
        {
            using ILinkTier tier = TierChoice.Start(objects, without, cgroupMount, trackProcesses: true, out TierChoice choice);
            attempts = choice.Attempts;
            tier.Poll(new LinkTable(new NoNames()));
            Tier = tier.Kind.Name();
            Reason = choice.Reason;
            does = $"loaded, attached, {tier.Counters.AdoptedSockets} open connections adopted, {tier.Counters.UntrackedConnections} not seen, "
                + $"{tier.LiveSockets} tracked, detached";
        }
        catch (TierException exception)
        {
            attempts = exception.Attempts;
            Reason = exception.Message;
        }
        catch (BpfException exception)
        {
            attempts = [];
            Reason = $"poll: {exception.Message}";
            _items.Add(new CheckItem("poll", CheckState.Failed, exception.Message));
        }

        foreach (TierAttempt attempt in attempts)
        {
            _items.Add(attempt.Refusal is null
                ? new CheckItem($"tier {attempt.Kind.Name()}", CheckState.Ok, does)
                : new CheckItem($"tier {attempt.Kind.Name()}", Passed ? CheckState.Warning : CheckState.Failed, attempt.Refusal,
                    attempt == attempts[0] ? "mend what is missing above to have the best tier" : null));
        }
    }

    /// <summary>The check reads links and shows none, so nobody needs to be named.</summary>
    private sealed class NoNames : ILinkResolver
    {
        public long Epoch => 0;

        public int Other => 0;

        public LinkEnds Resolve(in LinkKey key, TimeSpan waited, LinkHolders holders) => default;

        public bool IsGone(int workload) => false;
    }
}
