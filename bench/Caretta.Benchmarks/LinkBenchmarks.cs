using BenchmarkDotNet.Attributes;

using Caretta.Aot;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;
using Caretta.Bpf;

namespace Caretta.Benchmarks;

/// <summary>
/// What a poll does with what it drained: totals per link, and the names that a new key costs, on a host and in a cluster; beside it,
/// copying what was drained.
/// </summary>
public class LinkBenchmarks : IDisposable
{
    private HostNaming? _naming;
    private LinkTable? _table;
    private ClusterResolver? _cluster;
    private LinkKey[] _keys = [];
    private LinkDelta[] _deltas = [];
    private LinkKey[] _keysCopy = [];
    private LinkDelta[] _deltasCopy = [];

    /// <summary>Keys drained.</summary>
    [Params(1_000, 10_000, 100_000)]
    public int Links { get; set; }

    /// <summary>Once per run.</summary>
    [GlobalSetup]
    public void MakeTable()
    {
        string? mount = CgroupTree.FindMount();
        var cgroups = new CgroupPaths(mount is null ? null : new CgroupTree(mount, TimeProvider.System, TimeSpan.FromSeconds(1)));
        _naming = new HostNaming(new WorkloadTable(), cgroups);
        _table = new LinkTable(_naming.Resolver, new LinkLimits { MaxKeys = 200_000, MaxLinks = 200_000 });
        _keys = Workloads.Keys(Links);
        _deltas = Workloads.Deltas(Links);
        _keysCopy = new LinkKey[Links];
        _deltasCopy = new LinkDelta[Links];
        _cluster = SmallCluster.Resolver();
        Update();
    }

    /// <inheritdoc/>
    [GlobalCleanup]
    public void Dispose()
    {
        _naming?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>All keys drained once more, in batches as from the kernel.</summary>
    [Benchmark]
    public void Update()
    {
        for (int i = 0; i < _keys.Length; i += 1024)
        {
            int count = Math.Min(1024, _keys.Length - i);
            _table!.Apply(_keys.AsSpan(i, count), _deltas.AsSpan(i, count));
        }

        _table!.EndPoll();
    }

    /// <summary>Both ends of all keys named, all names known.</summary>
    [Benchmark]
    public int Name() => Name(_naming!.Resolver);

    /// <summary>The same in a cluster, the remote ends being pods by their addresses.</summary>
    [Benchmark]
    public int NameInCluster() => Name(_cluster!);

    /// <summary>The bytes of keys and deltas copied.</summary>
    [Benchmark(Baseline = true)]
    public void Copy()
    {
        _keys.CopyTo(_keysCopy, 0);
        _deltas.CopyTo(_deltasCopy, 0);
    }

    private int Name(ILinkResolver resolver)
    {
        int sum = 0;
        foreach (ref readonly LinkKey key in _keys.AsSpan())
        {
            sum += resolver.Resolve(in key, default).Client;
        }

        return sum;
    }
}
