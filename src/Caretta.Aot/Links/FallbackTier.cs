using System.Diagnostics;
using Caretta.Bpf;
using Caretta.Bpf.Btf;

namespace Caretta.Aot.Links;

/// <summary>
/// The tiers for kernels and processes that cannot have <see cref="MainTier"/>: programs of <c>bpf/caretta_sockops.bpf.c</c>,
/// <c>caretta_sockops_types.bpf.c</c> or <c>caretta_tracing.bpf.c</c>, which account connections while they work under the sockets' locks.
/// A poll only takes what is there.
/// </summary>
/// <remarks>Poll thread only.</remarks>
internal sealed class FallbackTier : ILinkTier
{
    private readonly LoadedObject _loaded;
    private readonly LinkMaps _links;
    private readonly BpfMap<uint, FallbackCounters> _counterMap;
    private readonly List<BpfLink> _attached = [];
    private FallbackCounters _counters;
    private ulong _unseen;
    private ulong _addedAtPoll;
    private ulong _shortagesBefore;

    private FallbackTier(TierKind kind, LoadedObject loaded)
    {
        Kind = kind;
        _loaded = loaded;
        _links = new LinkMaps(loaded.Map("active_links"), loaded.Map("links_a"), loaded.Map("links_b"));
        _counterMap = loaded.Map("counters").As<uint, FallbackCounters>();
        Programs = [.. loaded.Programs];
    }

    /// <inheritdoc/>
    public TierKind Kind { get; }

    /// <inheritdoc/>
    public IReadOnlyList<BpfProgram> Programs { get; }

    /// <inheritdoc/>
    public IEnumerable<BpfMap> FixedMaps => _loaded.Maps.Where(static map => map.Name is not ("links_a" or "links_b"));

    /// <inheritdoc/>
    public BpfMap? SweptLinks => null;

    /// <inheritdoc/>
    public ReadOnlySpan<BpfMap<LinkKey, LinkDelta>> LinkMaps => _links.Maps;

    /// <inheritdoc/>
    public long LiveSockets => (long)(_counters.TrackedConnections - _counters.RemovedConnections);

    /// <inheritdoc/>
    public TimeSpan DrainDuration { get; private set; }

    /// <inheritdoc/>
    public KernelCounters Counters => _counters.ToKernelCounters(_unseen);

    /// <summary>Loads one program that is attached to the root cgroup, and attaches it.</summary>
    /// <param name="kind">What it makes of it.</param>
    /// <param name="file">The object; its other programs are left alone.</param>
    /// <param name="program">The one to load.</param>
    /// <param name="cgroupMount">The root of the cgroup v2 tree.</param>
    /// <exception cref="BpfException">The kernel refused.</exception>
    public static FallbackTier StartSockops(TierKind kind, BpfObject file, string program, string cgroupMount)
    {
        foreach (BpfProgramDefinition definition in file.Programs)
        {
            definition.AutoLoad = definition.Name == program;
        }

        // Callbacks of sockets that are open already cannot be asked for from outside.
        ulong unseen = (ulong)OpenConnections.Read().Count;
        var tier = new FallbackTier(kind, BpfLoader.Load(file)) { _unseen = unseen };
        return tier.Start(() => tier._attached.Add(BpfLink.AttachCgroup(tier._loaded.Program(program), cgroupMount)));
    }

    /// <summary>Loads and attaches the programs that work without a cgroup.</summary>
    /// <param name="file">The object.</param>
    /// <param name="types">Types of the kernel; null for its own.</param>
    /// <param name="trackProcesses">Whether links are told apart by process name too (host mode).</param>
    /// <exception cref="BpfException">The kernel refused.</exception>
    public static FallbackTier StartTracing(BpfObject file, BtfTypes? types, bool trackProcesses)
    {
        BpfMapDefinition old = file.Map("old_connections");
        old.MaxEntries = Math.Max(old.MaxEntries, (uint)OpenConnections.Read().Count * 2);
        var tier = new FallbackTier(TierKind.Tracing, BpfLoader.Load(file, new BpfLoadOptions { KernelTypes = types }));
        return tier.Start(() =>
        {
            tier.WriteSettings(trackProcesses, knowsOld: false);
            foreach (BpfProgram program in tier.Programs)
            {
                tier._attached.Add(BpfLink.AttachRawTracepoint(program, program.AttachTarget));
            }

            // From now on every opening is seen. What was open before is known by this; whatever else turns up has been missed.
            tier.WriteSettings(trackProcesses, knowsOld: tier.TryFillOld());
        });
    }

    /// <inheritdoc/>
    public void Adopt()
    {
    }

    /// <inheritdoc/>
    public void EndAdoption()
    {
    }

    /// <inheritdoc/>
    public int Poll(LinkTable table)
    {
        long started = Stopwatch.GetTimestamp();
        ReadCounters();
        ulong shortages = _counters.DeferredUpdates + _counters.LostUpdates;
        if (shortages != _shortagesBefore)
        {
            _shortagesBefore = shortages;
            _links.Grow();
        }

        int count = _links.Drain(table, swept: 0);
        _addedAtPoll = _counters.AddedLinks;
        DrainDuration = Stopwatch.GetElapsedTime(started);
        return count;
    }

    /// <inheritdoc/>
    public bool IsPressed()
    {
        ReadCounters();
        return _counters.AddedLinks - _addedAtPoll > _links.Capacity / 4;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = _attached.Count - 1; i >= 0; i--)
        {
            _attached[i].Dispose();
        }

        _links.Dispose();
        _loaded.Dispose();
    }

    private FallbackTier Start(Action attach)
    {
        try
        {
            attach();
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    // The first half of the value is track_processes, the second knows_old.
    private void WriteSettings(bool trackProcesses, bool knowsOld) =>
        _loaded.Map("settings").As<uint, ulong>().Update(0, (trackProcesses ? 1ul : 0) | (knowsOld ? 1ul << 32 : 0));

    // Where more are open by now than there is room for, everything that is not known counts as open before launch.
    private bool TryFillOld()
    {
        try
        {
            BpfMap<ConnectionKey, uint> map = _loaded.Map("old_connections").As<ConnectionKey, uint>();
            foreach (ConnectionKey key in OpenConnections.Read())
            {
                map.Update(key, 1);
            }

            return true;
        }
        catch (BpfException exception) when (exception.ErrorName == "E2BIG")
        {
            return false;
        }
    }

    private void ReadCounters() => _counterMap.TryLookup(0, out _counters);
}
