using System.Diagnostics;
using System.Globalization;
using Caretta.Aot.Host;
using Caretta.Aot.Links;
using Caretta.Bpf;

namespace Caretta.Aot;

/// <summary>What the agent costs in memory: its own resident pages, and what the kernel holds for its maps. Poll thread only.</summary>
internal sealed class AgentMemory : IDisposable
{
    // struct bpf_local_storage, allocated with a socket's first storage, and one bpf_local_storage_elem with struct connection, as the
    // allocator rounds them; the kernel does not say (bpf_local_storage_map_mem_usage counts the hash table only).
    private const long BytesPerSocket = 512;

    // The two that take turns, and the sweep's.
    private const int LinkMapCount = 3;

    // What may be allocated before the heap is tidied, and how often that may happen at most: some 20 ms each.
    private const long MaxLeftBehind = 2 << 20;
    private static readonly TimeSpan TidyInterval = TimeSpan.FromMilliseconds(250);

    private readonly ILinkTier _tier;
    private readonly ProcFile _status = new("/proc/self/status");
    private readonly BpfMap[] _fixedMaps;
    private readonly ProcFile[] _fixedFiles;
    private readonly ProcFile?[] _linkFiles = new ProcFile?[LinkMapCount];
    private readonly BpfMap?[] _linkMaps = new BpfMap?[LinkMapCount];
    private long _allocated = GC.GetTotalAllocatedBytes();
    private long _lastTidied = Stopwatch.GetTimestamp();

    /// <summary>Opens what it will read.</summary>
    public AgentMemory(ILinkTier tier)
    {
        _tier = tier;
        _fixedMaps = [.. tier.FixedMaps];
        _fixedFiles = Array.ConvertAll(_fixedMaps, OpenInfo);
        MapNames = [.. _fixedMaps.Select(static map => map.Name), "links"];
    }

    /// <summary>Names of the maps, in the order of <see cref="ReadMaps"/>; the maps for links count as one.</summary>
    public IReadOnlyList<string> MapNames { get; }

    /// <summary>Resident bytes of this process. Allocates nothing.</summary>
    public long ReadResidentBytes() => _status.ReadNumberAfter("VmRSS:"u8) * 1024;

    /// <summary>Bytes that the kernel holds for each map. Allocates nothing unless a link map was resized.</summary>
    public void ReadMaps(Span<long> bytes)
    {
        for (int i = 0; i < _fixedMaps.Length; i++)
        {
            bytes[i] = ReadMemory(_fixedFiles[i]);
            if (_fixedMaps[i].Shape.Type == BpfMapType.SocketStorage)
            {
                bytes[i] += _tier.LiveSockets * BytesPerSocket;
            }
        }

        bytes[_fixedMaps.Length] = ReadLinkMap(0, _tier.LinkMaps[0]) + ReadLinkMap(1, _tier.LinkMaps[1]) + ReadLinkMap(2, _tier.SweptLinks);
    }

    /// <summary>
    /// Gives back what growing left behind, once it is worth it. What is learnt in a burst, such as the pods of a large cluster, lives long,
    /// and so does what was dropped on the way: the runtime by itself hardly ever looks at either again.
    /// </summary>
    public void Tidy()
    {
        long allocated = GC.GetTotalAllocatedBytes();
        if (allocated - _allocated >= MaxLeftBehind && Stopwatch.GetElapsedTime(_lastTidied) >= TidyInterval)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            _allocated = allocated;
            _lastTidied = Stopwatch.GetTimestamp();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _status.Dispose();
        foreach (ProcFile file in _fixedFiles)
        {
            file.Dispose();
        }

        foreach (ProcFile? file in _linkFiles)
        {
            file?.Dispose();
        }
    }

    private static ProcFile OpenInfo(BpfMap map) =>
        new(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{map.Handle.DangerousGetHandle()}"));

    // bpf_map_show_fdinfo: what the map really uses since Linux 6.4, before that what it would use when full.
    private static long ReadMemory(ProcFile file) => file.ReadNumberAfter("memlock:"u8);

    private long ReadLinkMap(int index, BpfMap? map)
    {
        if (map is null)
        {
            return 0;
        }

        if (!ReferenceEquals(map, _linkMaps[index]))
        {
            _linkFiles[index]?.Dispose();
            _linkFiles[index] = OpenInfo(map);
            _linkMaps[index] = map;
        }

        return ReadMemory(_linkFiles[index]!);
    }
}
