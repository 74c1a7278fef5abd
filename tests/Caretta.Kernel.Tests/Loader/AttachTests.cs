using System.Globalization;
using System.Net;
using System.Net.Sockets;

using Caretta.Bpf;
using Caretta.Bpf.Interop;
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
    public Task A_cgroup_runs_the_program_on_kernels_without_links_for_it() => ExpectRunsAsync(
        "sock_create",
        static program =>
        {
            using KernelCalls.Replacement old = KernelCalls.Replace(new KernelWithoutLinks());
            BpfLink link = BpfLink.AttachCgroup(program, CgroupMount);
            Assert.False(link.IsKernelLink);
            Assert.True(link.OutlivesProcess);
            return link;
        },
        Connect);

    [KernelFact]
    public void Another_program_takes_the_place_of_one_that_is_attached()
    {
        using LoadedObject loaded = Load("sock_create", "sock_create_twice");
        using BpfLink link = BpfLink.AttachCgroup(loaded.Program("sock_create"), CgroupMount);
        Connect();
        Assert.InRange(loaded.Read<ulong>("count"), 1UL, 999UL);

        link.Update(loaded.Program("sock_create_twice"));
        Connect();
        ulong count = loaded.Read<ulong>("count");
        Assert.True(count >= 1000);

        link.Detach();
        Connect();
        Assert.Equal(count, loaded.Read<ulong>("count"));
    }

    [KernelFact]
    public Task A_function_of_user_space_runs_the_program_until_the_link_is_disposed() =>
        ExpectRunsAsync("user_entry", static program => AttachToLibrary(program, isReturn: false), AskDirectory, "probes.bpf.o");

    [KernelFact]
    public Task A_return_in_user_space_runs_the_program_until_the_link_is_disposed() =>
        ExpectRunsAsync("user_return", static program => AttachToLibrary(program, isReturn: true), AskDirectory, "probes.bpf.o");

    [KernelFact]
    public Task A_process_is_probed_through_its_own_root() => ExpectRunsAsync(
        "user_entry",
        static program =>
        {
            string path = $"/proc/{Environment.ProcessId}/root{LibraryPath()}";
            return BpfLink.AttachUprobe(program, path, UserSymbols.FindOffset(path, "getcwd"), process: Environment.ProcessId);
        },
        AskDirectory,
        "probes.bpf.o");

    [KernelFact]
    public Task An_event_runs_the_program_until_the_link_is_disposed() => ExpectRunsAsync(
        "sample",
        static program =>
        {
            // "PID/task/TID": an event watches one thread.
            string thread = Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget!);
            return BpfLink.AttachPerfEvent(program, BpfPerfEvent.CpuClock(5000), int.Parse(thread, CultureInfo.InvariantCulture), -1);
        },
        static () => Thread.SpinWait(5_000_000),
        "probes.bpf.o");

    [KernelFact]
    public void A_function_that_a_file_has_not_is_refused_by_name()
    {
        string library = LibraryPath();

        KeyNotFoundException missing = Assert.Throws<KeyNotFoundException>(() => UserSymbols.FindOffset(library, "no_such_function"));
        Assert.Equal($"{library} has no function no_such_function in its symbol tables", missing.Message);
        Assert.Throws<BadImageException>(() => UserSymbols.FindOffset("/proc/self/status", "getcwd"));
    }

    [KernelFact]
    public void Programs_are_attached_to_what_their_sections_name()
    {
        using LoadedObject loaded = Load("raw_tracepoint", "typed_tracepoint", "find_task", "sock_create");
        using (BpfLink.Attach(loaded.Program("raw_tracepoint")))
        using (BpfLink.Attach(loaded.Program("typed_tracepoint")))
        {
            CallKernel();
        }

        Assert.True(loaded.Read<ulong>("count") >= 2);
        using (BpfLink.Attach(loaded.Program("find_task")))
        {
        }

        NotSupportedException nowhere = Assert.Throws<NotSupportedException>(() => BpfLink.Attach(loaded.Program("sock_create")));
        Assert.Equal(
            "sock_create: section ?cgroup/sock_create does not say where to attach to: use the method for its kind", nowhere.Message);
    }

    [KernelFact]
    public void An_iterator_is_confined_to_one_process()
    {
        using LoadedObject loaded = Load("find_task");
        using (var ours = new BpfIterator(BpfLink.AttachIterator(loaded.Program("find_task"), BpfIteratorTarget.Thread(Environment.ProcessId))))
        {
            ours.Run();
        }

        Assert.Equal(1UL, loaded.Read<ulong>("count"));
        using (var init = new BpfIterator(BpfLink.AttachIterator(loaded.Program("find_task"), BpfIteratorTarget.Process(1))))
        {
            init.Run();
        }

        Assert.Equal(1UL, loaded.Read<ulong>("count"));
    }

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

    private static LoadedObject Load(params ReadOnlySpan<string> programs) => LoadFrom("hooks.bpf.o", programs);

    private static LoadedObject LoadFrom(string name, params ReadOnlySpan<string> programs)
    {
        BpfObject file = LoaderFixture.Parse(name, programs);
        file.SetVariable("process", (uint)Environment.ProcessId);
        return BpfLoader.Load(file);
    }

    private static async Task ExpectRunsAsync(
        string name, Func<BpfProgram, BpfLink> attach, Action act, string file = "hooks.bpf.o")
    {
        using LoadedObject loaded = LoadFrom(file, name);
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

    private static BpfLink AttachToLibrary(BpfProgram program, bool isReturn)
    {
        string library = LibraryPath();
        return BpfLink.AttachUprobe(program, library, UserSymbols.FindOffset(library, "getcwd"), isReturn);
    }

    private static string LibraryPath() => File.ReadLines("/proc/self/maps")
        .Select(static line => line[(line.IndexOf('/', StringComparison.Ordinal) is > 0 and int at ? at : line.Length)..])
        .First(static path => Path.GetFileName(path).StartsWith("libc.so", StringComparison.Ordinal));

    private static void AskDirectory() => Assert.NotEmpty(Environment.CurrentDirectory);

    private static void CallKernel() => Assert.True(File.Exists("/proc/self/status"));

    private static void Connect()
    {
        // Nobody listens on port 1 of loopback; the attempt itself is what counts.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<SocketException>(() => socket.Connect(IPAddress.Loopback, 1));
    }

    /// <summary>This kernel, but as before Linux 5.7.</summary>
    private sealed class KernelWithoutLinks : KernelCalls
    {
        public override unsafe int Bpf(bpf_cmd command, void* attr, int size) =>
            command == bpf_cmd.BPF_LINK_CREATE ? -Errno.EINVAL : base.Bpf(command, attr, size);
    }
}
