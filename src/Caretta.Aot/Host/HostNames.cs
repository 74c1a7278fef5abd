using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Caretta.Aot.Identity;

namespace Caretta.Aot.Host;

/// <summary>
/// Names the ends of links on a machine without a cluster: local ones by systemd unit, container or process, others by address.
/// Poll thread only. Known ends are found without allocating.
/// </summary>
internal sealed class HostNames
{
    /// <summary>Namespace of ends on this machine.</summary>
    public const string LocalNamespace = "host";

    /// <summary>Namespace and kind of ends elsewhere.</summary>
    public const string External = "external";

    /// <summary>Stands for a process whose name was not tracked.</summary>
    public const string UnknownProcess = "unknown";

    /// <summary>Stands for every end met after the limit on distinct names was reached.</summary>
    public const string Other = "other";

    /// <summary>Distinct names given to local ends, and as many to external ones, unless the caller says otherwise: about 15 MB.</summary>
    public const int DefaultMaxNames = 10_000;

    // Caches are dropped whole when full: everything in them can be found again, and the numbers given out stay the same.
    private const int MaxCached = 16384;

    // A cgroup that is not there yet is looked for again, but a lookup may walk the whole tree.
    private const int MaxAttempts = 8;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500);

    private readonly WorkloadTable _workloads;
    private readonly ICgroupPaths _paths;
    private readonly ContainerNames _containers;
    private readonly TimeProvider _time;
    private readonly int _maxNames;
    private readonly Dictionary<ulong, CgroupState> _cgroups = [];
    private readonly Dictionary<(ulong First, ulong Second), int> _processes = [];
    private readonly Dictionary<NetAddress, int> _addresses = [];
    private int _localNames;
    private int _unknown = -1;

    /// <summary>Starts with nothing known.</summary>
    /// <param name="workloads">Gives out the numbers.</param>
    /// <param name="paths">Finds cgroups by number.</param>
    /// <param name="containers">Finds the names of containers.</param>
    /// <param name="time">Clock for looking again.</param>
    /// <param name="maxNames">
    /// Distinct names given to local ends, and as many to external ones. Strangers choose addresses, and units or containers that live for
    /// one job have ever new names: neither may fill the memory. What comes later is counted under <see cref="Other"/>.
    /// </param>
    public HostNames(
        WorkloadTable workloads, ICgroupPaths paths, ContainerNames containers, TimeProvider time, int maxNames = DefaultMaxNames)
    {
        _workloads = workloads;
        _paths = paths;
        _containers = containers;
        _time = time;
        _maxNames = maxNames;
    }

    /// <summary>
    /// Times something stayed without its right name: a cgroup for which the search was given up (its sockets go by process name), or an
    /// end called <see cref="UnknownProcess"/>.
    /// </summary>
    public ulong UnresolvedEnds { get; private set; }

    /// <summary>Times an end was called <see cref="Other"/>.</summary>
    public ulong FoldedEnds { get; private set; }

    /// <summary>Number of the name that everything beyond a limit shares.</summary>
    public int OtherEnd => _workloads.Intern(Other, External, External);

    /// <summary>Returns the workload that owns a local socket.</summary>
    /// <param name="cgroupId">Cgroup of the v2 tree; 0 if unknown.</param>
    /// <param name="commFirst">Bytes 0 to 7 of the process name in memory order.</param>
    /// <param name="commSecond">Bytes 8 to 15.</param>
    /// <param name="provisional">True while the cgroup may yet be found: ask again later.</param>
    public int Local(ulong cgroupId, ulong commFirst, ulong commSecond, out bool provisional)
    {
        provisional = false;
        if (cgroupId != 0)
        {
            ref CgroupState cgroup = ref Cgroup(cgroupId);
            if (cgroup.Workload is { } workload)
            {
                return workload;
            }

            provisional = cgroup.Attempts is > 0 and < MaxAttempts;
        }

        int process = Process(commFirst, commSecond);
        if (process == _unknown && !provisional)
        {
            UnresolvedEnds++;
        }

        return process;
    }

    /// <summary>Returns the workload that stands for an address elsewhere.</summary>
    public int Remote(NetAddress address)
    {
        if (_addresses.TryGetValue(address, out int id))
        {
            return id;
        }

        if (_addresses.Count >= _maxNames)
        {
            FoldedEnds++;
            return _workloads.Intern(Other, External, External);
        }

        id = _workloads.Intern(address.ToString(), External, External);
        _addresses.Add(address, id);
        return id;
    }

    private ref CgroupState Cgroup(ulong id)
    {
        if (_cgroups.Count >= MaxCached && !_cgroups.ContainsKey(id))
        {
            _cgroups.Clear();
        }

        ref CgroupState cgroup = ref CollectionsMarshal.GetValueRefOrAddDefault(_cgroups, id, out bool known);
        bool lookAgain = cgroup.Attempts is > 0 and < MaxAttempts && _time.GetElapsedTime(cgroup.LastAttempt) >= RetryAfter;
        if (!known || lookAgain)
        {
            LookUp(id, ref cgroup);
        }

        return ref cgroup;
    }

    private void LookUp(ulong id, ref CgroupState cgroup)
    {
        if (_paths.TryGetPath(id, out string? path))
        {
            cgroup.Attempts = 0;
            CgroupName name = CgroupName.Parse(path);
            cgroup.Workload = name.Kind switch
            {
                CgroupKind.Unit => InternLocal(name.Name, "unit"),
                CgroupKind.Container => InternLocal(_containers.Find(name.Name), "container"),
                CgroupKind.NamedContainer => InternLocal(name.Name, "container"),
                _ => null,
            };
            return;
        }

        cgroup.Attempts++;
        cgroup.LastAttempt = _time.GetTimestamp();
        if (cgroup.Attempts == MaxAttempts)
        {
            UnresolvedEnds++;
        }
    }

    private int Process(ulong commFirst, ulong commSecond)
    {
        if (_processes.TryGetValue((commFirst, commSecond), out int id))
        {
            return id;
        }

        if (_processes.Count >= MaxCached)
        {
            _processes.Clear();
        }

        Span<byte> comm = stackalloc byte[16];
        _ = BitConverter.TryWriteBytes(comm[..8], commFirst);
        _ = BitConverter.TryWriteBytes(comm[8..], commSecond);
        int end = comm.IndexOf((byte)0);
        string name = DecodeLeniently(end < 0 ? comm : comm[..end]);
        if (string.IsNullOrWhiteSpace(name))
        {
            id = _unknown = _workloads.Intern(UnknownProcess, LocalNamespace, "process");
        }
        else
        {
            id = InternLocal(name, "process");
        }

        _processes.Add((commFirst, commSecond), id);
        return id;
    }

    private int InternLocal(string name, string kind)
    {
        if (_workloads.TryFind(name, LocalNamespace, kind, null, out int id))
        {
            return id;
        }

        if (_localNames >= _maxNames)
        {
            FoldedEnds++;
            return _workloads.Intern(Other, LocalNamespace, kind);
        }

        _localNames++;
        return _workloads.Intern(name, LocalNamespace, kind);
    }

    // The kernel cuts names at 15 bytes, possibly inside a character: that rest is dropped. Other invalid bytes become U+FFFD.
    private static string DecodeLeniently(ReadOnlySpan<byte> bytes)
    {
        for (int tail = bytes.Length - 1; tail >= 0 && tail >= bytes.Length - 3; tail--)
        {
            if ((bytes[tail] & 0xC0) != 0x80)
            {
                OperationStatus status = Rune.DecodeFromUtf8(bytes[tail..], out _, out _);
                bytes = status == OperationStatus.NeedMoreData ? bytes[..tail] : bytes;
                break;
            }
        }

        return Encoding.UTF8.GetString(bytes);
    }

    private struct CgroupState
    {
        // Null: goes by process name, for good when Attempts is 0.
        public int? Workload;
        public int Attempts;
        public long LastAttempt;
    }
}
