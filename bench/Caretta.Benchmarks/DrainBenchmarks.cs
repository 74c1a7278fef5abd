using BenchmarkDotNet.Attributes;

using Caretta.Aot.Links;
using Caretta.Bpf;

namespace Caretta.Benchmarks;

/// <summary>Emptying the kernel's link map in batches. Needs root. <c>../drain/drain.c</c> does the same in C.</summary>
public class DrainBenchmarks : IDisposable
{
    private const int Batch = 1024;
    private const uint NoPreallocation = 1;

    private readonly LinkKey[] _keys = new LinkKey[Batch];
    private readonly LinkDelta[] _deltas = new LinkDelta[Batch];
    private LinkKey[] _all = [];
    private BpfMap<LinkKey, LinkDelta>? _map;

    /// <summary>Entries in the map.</summary>
    [Params(1_000, 10_000, 100_000)]
    public int Links { get; set; }

    /// <summary>Once per run.</summary>
    [GlobalSetup]
    public void MakeMap()
    {
        _all = Workloads.Keys(Links);
        _map = BpfMap.Create(new BpfMapShape("bench_links", BpfMapType.Hash, 88, 48, 131_072, NoPreallocation)).As<LinkKey, LinkDelta>();
    }

    /// <summary>Before each measurement.</summary>
    [IterationSetup]
    public void Fill()
    {
        var delta = new LinkDelta(1, 2, 3, 4, 5, 6);
        foreach (ref readonly LinkKey key in _all.AsSpan())
        {
            _map!.Update(in key, in delta);
        }
    }

    /// <inheritdoc/>
    [GlobalCleanup]
    public void Dispose()
    {
        _map?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes all entries.</summary>
    [Benchmark]
    public int Take()
    {
        int total = 0;
        MapCursor cursor = default;
        while (!cursor.Ended)
        {
            total += _map!.TakeBatch(ref cursor, _keys, _deltas);
        }

        return total;
    }
}
