using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;

using Microsoft.Win32.SafeHandles;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Whatever happens while an object is loaded, nothing of it stays behind.</summary>
public sealed class DescriptorTests
{
    private const int Rounds = 1000;

    // Every second one fails, each at another point.
    private static readonly (string Object, string[] Programs, Type? Failure)[] Loads =
    [
        ("run.bpf.o", ["globals", "calls_one", "maps_in_map"], null),
        ("refused.bpf.o", ["good", "unchecked_lookup"], typeof(BpfException)),
        ("tails.bpf.o", ["tail_calls", "tail_one", "tail_two"], null),
        ("tails.bpf.o", ["tail_calls", "tail_one"], typeof(KeyNotFoundException)),
        ("hooks.bpf.o", ["sum_elements", "typed_tracepoint"], null),
        ("hooks.bpf.o", ["raw_tracepoint", "typed_nowhere"], typeof(KeyNotFoundException)),
        ("externs.bpf.o", ["configuration"], null),
        ("refused.bpf.o", ["good", "unknown_section"], typeof(NotSupportedException)),
        ("hooks.bpf.o", ["sock_ops"], null),
        ("refused.bpf.o", ["missing_field"], typeof(BpfException)),
    ];

    [KernelFact]
    public void A_thousand_loads_of_which_half_fail_leave_no_descriptor_and_no_memory()
    {
        int descriptors = OpenDescriptors.Count();
        long managed = 0;
        long resident = 0;
        for (int i = 0; i < Rounds; i++)
        {
            (string name, string[] programs, Type? failure) = Loads[i % Loads.Length];
            if (failure is null)
            {
                using LoadedObject loaded = LoaderFixture.Load(name, programs);
                Assert.Equal(programs.Length, loaded.Programs.Count());
            }
            else
            {
                Assert.Throws(failure, () => LoaderFixture.Load(name, programs).Dispose());
            }

            // Each time: a collection in between would close what nobody disposed.
            int now = OpenDescriptors.Count();
            Assert.True(now == descriptors, $"load {i}, {name}: {now} descriptors, {descriptors} before");
            if (i == Rounds / 3)
            {
                (managed, resident) = (GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);
            }
        }

        long managedGrowth = GC.GetTotalMemory(forceFullCollection: true) - managed;
        long residentGrowth = Environment.WorkingSet - resident;
        Assert.True(managedGrowth < 256 * 1024, $"{managedGrowth} bytes more managed memory after {Rounds} loads");

        // One forgotten copy of the kernel's types would be 4 MB each time.
        Assert.True(residentGrowth < 100 * 1024 * 1024, $"{residentGrowth} bytes more resident memory after {Rounds} loads");
    }

    [KernelFact]
    public async Task Collections_beside_loads_close_nothing_that_is_in_use()
    {
        int descriptors = OpenDescriptors.Count();
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            await Parallel.ForAsync(0, 200, TestContext.Current.CancellationToken, static (i, _) =>
            {
                // Nothing here is kept but by what uses it.
                using BpfMap map = BpfMap.Create(new BpfMapShape("shared", BpfMapType.Array, 4, 8, 512, BpfMapDefinition.Mmapable));
                using BpfMemory memory = map.MapMemory();
                System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(memory.Span).Fill(i);
                Assert.True(map.As<uint, long>().TryLookup(511, out long last));
                Assert.Equal(i, last);
                using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "calls_one");
                Assert.Equal(0u, loaded.Run("calls_one"));
                return ValueTask.CompletedTask;
            });
        }
        finally
        {
            await stop.CancelAsync();
            collector.Join();
        }

        Assert.Equal(descriptors, OpenDescriptors.Count());
    }

    [KernelFact]
    public void Refused_attachments_leave_no_descriptor()
    {
        using LoadedObject loaded = LoaderFixture.Load("hooks.bpf.o", "raw_tracepoint", "sock_ops", "sum_elements");
        int descriptors = OpenDescriptors.Count();

        for (int i = 0; i < 20; i++)
        {
            Assert.Throws<BpfException>(() => BpfLink.AttachRawTracepoint(loaded.Program("raw_tracepoint"), "no_such_tracepoint"));
            Assert.Throws<BpfException>(() => BpfLink.AttachCgroup(loaded.Program("sock_ops"), "/proc"));
            Assert.Throws<BpfException>(() => BpfLink.AttachIterator(loaded.Program("sum_elements")));
            Assert.Equal(descriptors, OpenDescriptors.Count());
        }
    }

    [KernelFact]
    public async Task Descriptors_of_standard_streams_are_left_alone()
    {
        if (!Rerun.IsInner())
        {
            await Rerun.ExpectPassAsync(typeof(DescriptorTests), [], cancellation: TestContext.Current.CancellationToken);
            return;
        }

        // The next descriptor that the kernel gives out is 0.
        new SafeFileHandle(0, ownsHandle: true).Dispose();

        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(1);
        string? zero = new FileInfo("/proc/self/fd/0").LinkTarget;
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "callbacks");

        Assert.Equal(0u, loaded.Run("callbacks"));
        Assert.All(loaded.Maps, static map => Assert.True(map.Handle.DangerousGetHandle() > 2));
        Assert.True(map.Handle.DangerousGetHandle() > 2);
        Assert.DoesNotContain("bpf", zero ?? string.Empty, StringComparison.Ordinal);
    }

    [KernelFact]
    public void Links_and_passes_close_what_they_open()
    {
        using LoadedObject loaded = LoaderFixture.Load("hooks.bpf.o", "raw_tracepoint", "sum_elements");
        int descriptors = OpenDescriptors.Count();

        for (int i = 0; i < 20; i++)
        {
            using (BpfLink.AttachRawTracepoint(loaded.Program("raw_tracepoint"), "sys_enter"))
            using (var iterator = new BpfIterator(BpfLink.AttachIterator(loaded.Program("sum_elements"), loaded.Map("elements"))))
            {
                Assert.Equal(descriptors + 2, OpenDescriptors.Count());
                iterator.Run();
                Assert.Equal(descriptors + 2, OpenDescriptors.Count());
            }

            Assert.Equal(descriptors, OpenDescriptors.Count());
        }
    }
}
