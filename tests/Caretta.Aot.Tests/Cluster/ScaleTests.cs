using System.Diagnostics;
using System.Net;
using Caretta.Aot.Cluster;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Tests.Http;
using Xunit;

namespace Caretta.Aot.Tests.Cluster;

/// <summary>20,000 pods, 2,000 services, 500 nodes.</summary>
[Collection(nameof(WholeProcess))]
public sealed class ScaleTests(ITestOutputHelper output)
{
    private const int Pods = 20_000;
    private const int MaxBytesPerPod = 300;

    private readonly string[] _spaces = [.. Enumerable.Range(0, 100).Select(i => $"namespace-{i}")];
    private readonly OwnerReference[] _controllers = [.. Enumerable.Range(0, 4000).Select(i =>
        new OwnerReference("apps/v1", "ReplicaSet", $"workload-{i}-5d4f7b9c8", new Uid(7, (ulong)i + 1)))];

    [Fact]
    public void The_index_is_small_and_changes_cost_little()
    {
        var index = new WorkloadIndex(new WorkloadTable(), new FakeOwners(), TimeProvider.System, new NamingRules());
        long before = GC.GetTotalMemory(forceFullCollection: true);
        index.Apply(ObjectChangeKind.Reset, (PodObject?)null);
        for (int i = 0; i < Pods; i++)
        {
            index.Apply(ObjectChangeKind.Upserted, Pod(i, i));
        }

        index.Apply(ObjectChangeKind.Synced, (PodObject?)null);
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        for (int i = 0; i < 2000; i++)
        {
            index.Apply(ObjectChangeKind.Upserted, new ServiceObject(new Uid(8, (ulong)i + 1), $"service-{i}", _spaces[i % 100],
                [NetAddress.From(new IPAddress([10, 96, (byte)(i >> 8), (byte)i]))], false));
        }

        for (int i = 0; i < 500; i++)
        {
            index.Apply(ObjectChangeKind.Upserted, new NodeObject(new Uid(9, (ulong)i + 1), $"node-{i}",
                [NetAddress.From(new IPAddress([192, 168, (byte)(i >> 8), (byte)i]))]));
        }

        output.WriteLine($"{bytes / (double)Pods:0} bytes per pod");
        Assert.InRange(bytes / Pods, 1, MaxBytesPerPod);

        // One minute of 300 changes per second: pods come, change, end and their addresses are used again.
        const int Changes = 18_000;
        PodObject[] next = [.. Enumerable.Range(0, Changes / 3).Select(i => Pod(Pods + i, i))];
        PodObject[] past = [.. Enumerable.Range(0, Changes / 3).Select(i => Pod(i, i))];
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < Changes / 3; i++)
        {
            index.Apply(ObjectChangeKind.Upserted, past[i] with { IsTerminating = true });
            index.Apply(ObjectChangeKind.Deleted, past[i]);
            index.Apply(ObjectChangeKind.Upserted, next[i]);
            index.Forget();
        }

        double microseconds = Stopwatch.GetElapsedTime(started).TotalMicroseconds / Changes;
        output.WriteLine($"{microseconds:0.00} µs per change");
        Assert.Equal(Pods, index.CountOf(ClusterObjectType.Pod));

        // 300 per second at a tenth of a millisecond each would be 3 % of a core.
        Assert.InRange(microseconds, 0, 100);
    }

    private PodObject Pod(int number, int address) => new(
        new Uid(6, (ulong)number + 1), $"workload-{number % 4000}-5d4f7b9c8-{number:x5}", _spaces[number % 100], "node-1", _controllers[number % 4000],
        [NetAddress.From(new IPAddress([10, 1, (byte)(address >> 8), (byte)address]))], false, false, false);
}
