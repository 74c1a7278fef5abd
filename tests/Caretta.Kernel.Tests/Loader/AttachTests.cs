using System.Net;
using System.Net.Sockets;

using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;
using Caretta.Testing;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Programs of <c>hooks.bpf.c</c> at real hooks: each counts what this process does there, until its link is disposed.</summary>
public sealed class AttachTests
{
    private static string CgroupMount => CgroupTree.FindMount() ?? throw new DirectoryNotFoundException("no cgroup v2 tree is mounted");

    [KernelFact]
    public Task A_raw_tracepoint_runs_the_program_until_the_link_is_disposed() =>
        ExpectRunsAsync("raw_tracepoint", static program => BpfLink.AttachRawTracepoint(program, "sys_enter"), CallKernel);

    [KernelFact]
    public Task A_typed_tracepoint_runs_the_program_until_the_link_is_disposed() =>
        ExpectRunsAsync("typed_tracepoint", BpfLink.AttachTracing, CallKernel);

    [KernelFact]
    public Task A_cgroup_runs_the_program_until_the_link_is_disposed() =>
        ExpectRunsAsync("sock_create", static program => BpfLink.AttachCgroup(program, CgroupMount), Connect);

    [KernelFact]
    public Task Socket_operations_run_the_program_until_the_link_is_disposed() =>
        ExpectRunsAsync("sock_ops", static program => BpfLink.AttachCgroup(program, CgroupMount), Connect);

    [KernelFact]
    public void A_cgroup_that_is_not_ours_does_not_run_the_program()
    {
        DirectoryInfo cgroup = Directory.CreateDirectory(Path.Combine(CgroupMount, $"caretta-test-{Guid.NewGuid():N}"));
        try
        {
            using LoadedObject loaded = Load("sock_create");
            using BpfLink link = BpfLink.AttachCgroup(loaded.Program("sock_create"), cgroup.FullName);

            Connect();

            Assert.Equal(0UL, loaded.Read<ulong>("count"));
        }
        finally
        {
            cgroup.Delete();
        }
    }

    [KernelFact]
    public void What_is_no_cgroup_is_refused_by_name()
    {
        using LoadedObject loaded = Load("sock_create");
        BpfProgram program = loaded.Program("sock_create");

        BpfException missing = Assert.Throws<BpfException>(() => BpfLink.AttachCgroup(program, "/no/such/cgroup"));
        BpfException other = Assert.Throws<BpfException>(() => BpfLink.AttachCgroup(program, "/proc"));

        Assert.Equal("open cgroup /no/such/cgroup: ENOENT (2)", missing.Message);
        Assert.Equal("attach sock_create to cgroup /proc: EBADF (9)", other.Message);
    }

    [KernelFact]
    public async Task A_tracepoint_runs_the_program_until_the_link_is_disposed()
    {
        if (!Rerun.IsInner())
        {
            await Rerun.ExpectPassAsync(typeof(AttachTests),
                ["unshare", "--mount", "sh", "-c", "mount -t tracefs tracefs /sys/kernel/tracing && exec \"$@\"", "sh"], cancellation: TestContext.Current.CancellationToken);
            return;
        }

        await ExpectRunsAsync("tracepoint", static program => BpfLink.AttachTracepoint(program, program.AttachTarget), Connect);

        using LoadedObject loaded = Load("tracepoint");
        FileNotFoundException missing = Assert.Throws<FileNotFoundException>(
            () => BpfLink.AttachTracepoint(loaded.Program("tracepoint"), "sock/no_such_tracepoint"));
        Assert.Equal("this kernel has no tracepoint sock/no_such_tracepoint", missing.Message);
    }

    [KernelFact]
    public async Task Without_tracefs_a_tracepoint_says_what_to_mount()
    {
        if (!Rerun.IsInner())
        {
            // An empty directory in its place hides it, mounted or not.
            await Rerun.ExpectPassAsync(typeof(AttachTests), [
                "unshare", "--mount", "sh", "-c",
                "mount -t tmpfs none /sys/kernel/tracing && mount -t tmpfs none /sys/kernel/debug && exec \"$@\"", "sh",
            ], cancellation: TestContext.Current.CancellationToken);
            return;
        }

        using LoadedObject loaded = Load("tracepoint");
        FileNotFoundException missing = Assert.Throws<FileNotFoundException>(
            () => BpfLink.AttachTracepoint(loaded.Program("tracepoint"), "sock/inet_sock_set_state"));
        Assert.Contains("mount -t tracefs tracefs /sys/kernel/tracing", missing.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public void A_raw_tracepoint_that_does_not_exist_is_refused_by_name()
    {
        using LoadedObject loaded = Load("raw_nowhere");
        BpfProgram program = loaded.Program("raw_nowhere");

        BpfException refused = Assert.Throws<BpfException>(() => BpfLink.AttachRawTracepoint(program, program.AttachTarget));

        Assert.Equal("attach raw_nowhere to no_such_tracepoint: ENOENT (2)", refused.Message);
    }

    [KernelFact]
    public void A_typed_tracepoint_that_does_not_exist_is_refused_by_name()
    {
        KeyNotFoundException missing = Assert.Throws<KeyNotFoundException>(() => Load("typed_nowhere").Dispose());

        Assert.Equal("program typed_nowhere: this kernel has no btf_trace_no_such_tracepoint to attach to", missing.Message);
    }

    [KernelFact]
    public void An_iterator_visits_every_element_of_its_map_at_each_pass()
    {
        using LoadedObject loaded = Load("sum_elements");
        BpfMap<uint, ulong> elements = loaded.Map("elements").As<uint, ulong>();
        for (uint i = 1; i <= 1000; i++)
        {
            elements.Update(i, i);
        }

        using var iterator = new BpfIterator(BpfLink.AttachIterator(loaded.Program("sum_elements"), elements));
        iterator.Run();
        Assert.Equal(500500UL, loaded.Read<ulong>("count"));

        long before = GC.GetAllocatedBytesForCurrentThread();
        iterator.Run();
        long after = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(0, after - before);
        Assert.Equal(2 * 500500UL, loaded.Read<ulong>("count"));
    }

    [KernelFact]
    public void An_iterator_without_a_map_visits_what_its_section_names()
    {
        using LoadedObject loaded = Load("find_task");

        using var iterator = new BpfIterator(BpfLink.AttachIterator(loaded.Program("find_task")));
        iterator.Run();

        // Every thread is a task of its own.
        Assert.True(loaded.Read<ulong>("count") >= 1);
    }

    [KernelFact]
    public void An_iterator_that_wants_a_map_is_refused_without_one()
    {
        using LoadedObject loaded = Load("sum_elements");

        BpfException refused = Assert.Throws<BpfException>(() => BpfLink.AttachIterator(loaded.Program("sum_elements")));

        Assert.StartsWith("attach sum_elements to iterator: E", refused.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public void Bits_of_a_kernel_structure_are_read_where_this_kernel_has_them()
    {
        var unfree = new ProgramLoad
        {
            Name = "unfree",
            Type = BpfProgramType.SocketFilter,
            License = "proprietary",
            Instructions = [new BpfInstruction(0xb7), new BpfInstruction(0x95)],    // r0 = 0; exit
        };
        using BpfHandle program = unfree.Load();
        using LoadedObject loaded = Load("count_programs");

        using var iterator = new BpfIterator(BpfLink.AttachIterator(loaded.Program("count_programs")));
        iterator.Run();

        Assert.True(loaded.Read<ulong>("gpl_programs") >= 1);
        Assert.True(loaded.Read<ulong>("other_programs") >= 1);
        Assert.True(loaded.Read<ulong>("count") >= 1);
    }

    [KernelFact]
    public void A_disposed_program_or_iterator_says_so()
    {
        LoadedObject loaded = Load("raw_tracepoint", "sum_elements");
        BpfProgram program = loaded.Program("raw_tracepoint");
        var iterator = new BpfIterator(BpfLink.AttachIterator(loaded.Program("sum_elements"), loaded.Map("elements")));
        iterator.Run();
        iterator.Dispose();
        loaded.Dispose();

        Assert.Throws<ObjectDisposedException>(iterator.Run);
        Assert.Throws<ObjectDisposedException>(() => program.TestRun(context: new byte[16]));
        Assert.Throws<ObjectDisposedException>(() => program.ReadRecursionMisses());
        Assert.Throws<ObjectDisposedException>(() => BpfLink.AttachRawTracepoint(program, "sys_enter"));
    }

    private static LoadedObject Load(params ReadOnlySpan<string> programs)
    {
        BpfObject file = LoaderFixture.Parse("hooks.bpf.o", programs);
        file.SetVariable("process", (uint)Environment.ProcessId);
        return BpfLoader.Load(file);
    }

    private static async Task ExpectRunsAsync(string name, Func<BpfProgram, BpfLink> attach, Action act)
    {
        using LoadedObject loaded = Load(name);
        act();
        Assert.Equal(0UL, Count());

        using (attach(loaded.Program(name)))
        {
            act();
            Assert.True(Count() > 0);
            Assert.Equal(0UL, loaded.Program(name).ReadRecursionMisses());
        }

        // A run that had begun on another CPU may still be counted.
        bool isOver = await LoaderFixture.HoldsAsync(
            () =>
            {
                ulong before = Count();
                act();
                return Count() == before;
            },
            TestContext.Current.CancellationToken);
        Assert.True(isOver);

        ulong Count() => loaded.Read<ulong>("count");
    }

    private static void CallKernel() => Assert.True(File.Exists("/proc/self/status"));

    private static void Connect()
    {
        // Nobody listens on port 1 of loopback; the attempt itself is what counts.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<SocketException>(() => socket.Connect(IPAddress.Loopback, 1));
    }
}
