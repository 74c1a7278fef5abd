using System.Diagnostics;
using System.Runtime.InteropServices;
using Caretta.Bpf;

namespace Caretta.Aot.Links;

/// <summary>
/// The main tier in the kernel: loads the programs of <c>bpf/caretta.bpf.c</c>, attaches them, and brings what they counted to the
/// link table. Linux 5.12 with BTF, and cgroup v2 mounted, pure or hybrid. Everything detaches when it is disposed or the process
/// ends, however it ends.
/// </summary>
/// <remarks>Poll thread only.</remarks>
internal sealed class MainTier : ILinkTier
{
    // Rounds of sweep and drain in one poll while live accounts find no room; each offers four times the room of the one before.
    private const int MaxRounds = 4;

    // Connects since the last poll that make another one urgent, as a part of the table of handshakes: slots get scarce when it is
    // half full.
    private const uint OffersPerSlots = 4;

    // include/uapi/linux/bpf.h, ___BPF_FUNC_MAPPER; Linux 5.17.
    private const int LoopHelper = 181;

    private readonly LoadedObject _loaded;
    private readonly BpfProgram _ownSockets;
    private readonly LinkMaps _links;
    private readonly SweptLinks _swept;
    private readonly BpfMap _globals;
    private readonly byte[] _globalsValue;
    private readonly int _countersOffset;
    private readonly uint _maxOffers;
    private readonly List<BpfLink> _attached = [];
    private BpfIterator? _sweep;
    private ulong _sweptBefore;
    private ulong _shortagesBefore;
    private KernelCounters _countersAtPoll;

    private MainTier(LoadedObject loaded)
    {
        _loaded = loaded;
        _links = new LinkMaps(loaded.Map("active_links"), loaded.Map("links_a"), loaded.Map("links_b"));
        _swept = new SweptLinks(loaded.Map("swept_links"), loaded.Map("first_swept"));
        (_globals, _countersOffset) = loaded.Variable("counters");
        _globalsValue = new byte[_globals.Shape.ValueSize];
        _ownSockets = loaded.Programs.Single(static program => program.Name.StartsWith("own_sockets", StringComparison.Ordinal));
        _maxOffers = loaded.Map("handshakes").Shape.MaxEntries / OffersPerSlots;
        Programs = [loaded.Program("inet_sock_set_state"), loaded.Program("sweep_sockets"), loaded.Program("sock_ops")];
    }

    /// <inheritdoc/>
    public TierKind Kind => TierKind.Main;

    /// <inheritdoc/>
    public IReadOnlyList<BpfProgram> Programs { get; }

    /// <inheritdoc/>
    public IEnumerable<BpfMap> FixedMaps => _loaded.Maps.Where(static map => map.Name is not ("links_a" or "links_b" or "first_swept" or "first_ends"));

    /// <inheritdoc/>
    public BpfMap? SweptLinks => _swept.Map;

    /// <inheritdoc/>
    public ReadOnlySpan<BpfMap<LinkKey, LinkDelta>> LinkMaps => _links.Maps;

    /// <summary>Open connections visited by the last sweep.</summary>
    public long LiveSockets { get; private set; }

    /// <inheritdoc/>
    public TimeSpan DrainDuration { get; private set; }

    /// <inheritdoc/>
    public KernelCounters Counters { get; private set; }

    /// <summary>Loads the programs. Nothing runs yet.</summary>
    /// <param name="image">The object file.</param>
    /// <param name="trackProcesses">Whether links are told apart by process name too (host mode).</param>
    /// <param name="linkCapacity">Entries that the maps for links have room for at first and at least; null leaves it to the object.</param>
    /// <exception cref="BpfException">The kernel refused.</exception>
    /// <exception cref="BadImageException">The object or the kernel's BTF cannot be read.</exception>
    public static MainTier Load(ReadOnlyMemory<byte> image, bool trackProcesses, uint? linkCapacity = null)
    {
        BpfObject file = BpfObject.Parse(image, "caretta.bpf.o");
        file.SetVariable("track_processes", trackProcesses);
        if (linkCapacity is { } capacity)
        {
            file.Map("links_a").MaxEntries = file.Map("links_b").MaxEntries = file.Map("first_swept").MaxEntries = capacity;
        }

        bool hasLoop = KernelFeatures.HasHelper(BpfProgramType.SocketFilter, LoopHelper);
        file.Program("own_sockets").AutoLoad = hasLoop;
        file.Program("own_sockets_before_5_17").AutoLoad = !hasLoop;

        LoadedObject loaded = BpfLoader.Load(file);
        try
        {
            return new MainTier(loaded);
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Attaches, so that from now on every connection is seen, then adopts those that are already open.</summary>
    /// <param name="cgroupMount">The root of the cgroup v2 tree.</param>
    /// <exception cref="BpfException">The kernel refused.</exception>
    public void Attach(string cgroupMount)
    {
        // In this order: what is accepted once sockops runs inherits its listener's owner, and a connection that changes state meanwhile
        // is seen by one of the two, and both may see it.
        // What was begun before sockops ran and is established meanwhile has no owner yet: own_sockets notes it the second time.
        RunOnce(BpfLink.AttachIterator(_ownSockets));
        _attached.Add(BpfLink.AttachCgroup(_loaded.Program("sock_ops"), cgroupMount));
        _attached.Add(BpfLink.AttachTracing(_loaded.Program("inet_sock_set_state")));
        _sweep = new BpfIterator(BpfLink.AttachIterator(_loaded.Program("sweep_sockets"), _loaded.Map("sockets")));
        Adopt();
    }

    /// <summary>
    /// Takes over connections that were open before launch and are not tracked yet: all processes' sockets that this pid namespace
    /// shows, and what waits for accept(2) on them.
    /// </summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    public void Adopt()
    {
        RunOnce(BpfLink.AttachIterator(_ownSockets));
        EndStart();
        RunOnce(BpfLink.AttachIterator(_loaded.Program("adopt_sockets"), _loaded.Map("sockets")));
        ReadCounters();
    }

    /// <summary>Forgets the addresses by which adopted connections find each other: they have, by now. Frees their memory.</summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    public void EndAdoption()
    {
        _loaded.Map("adopted_ends").Delete(stackalloc byte[sizeof(uint)]);
        _loaded.Map("first_ends").Dispose();
    }

    /// <summary>Accounts every live connection, then moves everything accounted to <paramref name="table"/>. Allocates nothing once warm.</summary>
    /// <returns>Links that had something new.</returns>
    /// <exception cref="BpfException">The kernel refused. Nothing is lost: the next poll takes it.</exception>
    public int Poll(LinkTable table)
    {
        Sweep();
        _countersAtPoll = Counters;
        LiveSockets = (long)(Counters.SweptSockets - _sweptBefore);

        long started = Stopwatch.GetTimestamp();
        int count = TakeSwept(table);
        for (int round = 0; ; round++)
        {
            bool isShortOfRoom = TakeShortage();
            if (isShortOfRoom)
            {
                _links.Grow();
            }

            count += _links.Drain(table, (int)Counters.SweptLinks);
            if (!isShortOfRoom || round == MaxRounds)
            {
                break;
            }

            // The map written now is larger: let live connections try again, so that this poll is complete too.
            Sweep();
            count += TakeSwept(table);
        }

        _sweptBefore = Counters.SweptSockets;
        DrainDuration = Stopwatch.GetElapsedTime(started);
        return count;
    }

    /// <summary>
    /// Whether so much has happened since the last poll that another should not wait: what closes when the link map is full is lost.
    /// Cheap enough to ask ten times a second; allocates nothing.
    /// </summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    public bool IsPressed()
    {
        ReadCounters();
        return Counters.AddedLinks - _countersAtPoll.AddedLinks > _links.Capacity / 4
            || Counters.OfferedHandshakes - _countersAtPoll.OfferedHandshakes > _maxOffers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweep?.Dispose();
        for (int i = _attached.Count - 1; i >= 0; i--)
        {
            _attached[i].Dispose();
        }

        _swept.Dispose();
        _links.Dispose();
        _loaded.Dispose();
    }

    private void EndStart()
    {
        (BpfMap map, int offset) = _loaded.Variable("starting");
        byte[] value = new byte[map.Shape.ValueSize];
        map.TryLookup([0, 0, 0, 0], value);
        value[offset] = 0;
        map.Update([0, 0, 0, 0], value);
    }

    private static void RunOnce(BpfLink link)
    {
        using var iterator = new BpfIterator(link);
        iterator.Run();
    }

    private void Sweep()
    {
        _sweep!.Run();
        ReadCounters();
    }

    private int TakeSwept(LinkTable table)
    {
        int count = (int)Counters.SweptLinks;
        _swept.Drain(count, table);
        return count;
    }

    private void ReadCounters()
    {
        _globals.TryLookup([0, 0, 0, 0], _globalsValue);
        Counters = MemoryMarshal.Read<KernelCounters>(_globalsValue.AsSpan(_countersOffset));
    }

    private bool TakeShortage()
    {
        ulong shortages = Counters.DeferredUpdates + Counters.LostUpdates;
        bool isNew = shortages != _shortagesBefore;
        _shortagesBefore = shortages;
        return isNew;
    }
}
