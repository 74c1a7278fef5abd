using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Caretta.Bpf;

namespace Caretta.LoaderTrial;

/// <summary>Each hook runs its program while it is attached, and no longer.</summary>
internal sealed class HookTrials(Trial trial)
{
    private const string Events = "/sys/kernel/tracing/kprobe_events";
    private static readonly bool HasCookies = KernelRelease.VersionCode >= 0x050f00;
    private static readonly bool HasMany = KernelRelease.VersionCode >= 0x051200;

    /// <summary>Runs them all.</summary>
    public void Run()
    {
        Check("a kernel function's entry", "function_entry", BpfLink.Attach);
        Check("a kernel function's return", "function_return", BpfLink.Attach);
        Check("a kernel function's entry, by tracefs", "function_entry", BpfLink.AttachLegacyKprobe);
        Check("a kernel function's return, by tracefs", "function_return", BpfLink.AttachLegacyKprobe);
        trial.Check("no probe is left in tracefs", static () => File.ReadAllText(Events) is { Length: > 0 } left ? left : null);
        Check("a system call", "system_call", BpfLink.Attach);
        Check("a tracepoint", "tracepoint", BpfLink.Attach);
        if (HasMany && File.Exists("/sys/kernel/tracing/available_filter_functions"))
        {
            Check("several kernel functions at once", "functions", BpfLink.Attach, mayLack: "CONFIG_FPROBE");
        }

        if (HasCookies)
        {
            trial.Check("a cookie reaches the program", Cookie);
        }

        if (KernelTypes.AreAvailable)
        {
            Check("a kernel function's entry by type", "typed_entry", BpfLink.Attach);
            Check("a kernel function's return by type", "typed_return", BpfLink.Attach);
            if (File.ReadAllText("/sys/kernel/security/lsm").Contains("bpf", StringComparison.Ordinal))
            {
                Check("a security hook", "security", BpfLink.Attach);
            }
        }

        if (KernelTypes.AreAvailable)
        {
            trial.Check("a function of a program is watched, and replaced", Replace);
        }

        string library = FindLibrary();
        Check("a library function's entry", "user_entry",
            program => BpfLink.AttachUprobe(program, library, UserSymbols.FindOffset(library, "getcwd")), AskDirectory);
        Check("a library function's return, of one process", "user_return",
            program => BpfLink.AttachUprobe(
                program, library, UserSymbols.FindOffset(library, "getcwd"), isReturn: true, process: Environment.ProcessId), AskDirectory);
        Check("a library function's entry, by tracefs", "user_entry",
            program => BpfLink.AttachLegacyUprobe(program, library, UserSymbols.FindOffset(library, "getcwd")), AskDirectory);
        Check("the processor's clock", "sample", static program => BpfLink.AttachPerfEvent(
            program, BpfPerfEvent.CpuClock(1000), Environment.ProcessId, -1), Compute);
        trial.Check("a function that does not exist is refused by name", Nowhere);
    }

    private void Check(
        string what, string program, Func<BpfProgram, BpfLink> attach, Action? act = null, string? mayLack = null) => trial.Check(what, () =>
    {
        act ??= Connect;
        using LoadedObject loaded = BpfLoader.Load(trial.Parse("probes.bpf.o", program));
        BpfLink link;
        try
        {
            link = attach(loaded.Program(program));
        }
        catch (BpfException refused) when (mayLack is not null && refused.Message.Contains(mayLack, StringComparison.Ordinal))
        {
            Trial.Note($"{what}: {refused.Message}");
            return null;
        }

        using (link)
        {
            for (int i = 0; i < 1000 && Read(loaded, "count") == 0; i++)
            {
                act();
            }
        }

        ulong count = Read(loaded, "count");
        if (count == 0)
        {
            return $"{link.Description}: never ran";
        }

        // A run that had begun on another processor may still be counted.
        for (int i = 0; i < 1000; i++)
        {
            act();
            ulong before = count;
            count = Read(loaded, "count");
            if (count == before)
            {
                return null;
            }
        }

        return $"{link.Description}: still runs after it was disposed";
    });

    private string? Cookie()
    {
        using LoadedObject loaded = BpfLoader.Load(trial.Parse("probes.bpf.o", "with_cookie"));
        using BpfLink link = BpfLink.AttachKprobe(loaded.Program("with_cookie"), "tcp_v4_connect", cookie: 0x1_0000_0001);
        Connect();
        ulong cookies = Read(loaded, "cookies");
        return cookies == 0x1_0000_0001 ? null : $"got 0x{cookies:x}";
    }

    private string? Replace()
    {
        byte[] packet = new byte[64];
        using LoadedObject host = BpfLoader.Load(trial.Parse("probes.bpf.o", "host"));
        BpfProgram program = host.Program("host");
        uint before = program.TestRun(packet).ReturnValue;

        BpfObject watching = trial.Parse("probes.bpf.o", "watcher");
        watching.Program("watcher").AttachProgram = program;
        ulong watched;
        using (LoadedObject loaded = BpfLoader.Load(watching))
        using (BpfLink.Attach(loaded.Program("watcher")))
        {
            program.TestRun(packet);
            watched = Read(loaded, "count");
        }

        BpfObject replacing = trial.Parse("probes.bpf.o", "replacement");
        replacing.Program("replacement").AttachProgram = program;
        uint meanwhile;
        using (LoadedObject loaded = BpfLoader.Load(replacing))
        using (BpfLink.Attach(loaded.Program("replacement")))
        {
            meanwhile = program.TestRun(packet).ReturnValue;
        }

        uint after = program.TestRun(packet).ReturnValue;
        return (before, watched, meanwhile, after) == (1, 1, 2, 1) ? null : $"{before}, watched {watched}, {meanwhile}, {after}";
    }

    private string? Nowhere()
    {
        using LoadedObject loaded = BpfLoader.Load(trial.Parse("probes.bpf.o", "nowhere"));
        try
        {
            BpfLink.Attach(loaded.Program("nowhere")).Dispose();
            return "it was attached";
        }
        catch (BpfException refused)
        {
            return refused.Message.StartsWith("attach nowhere to kernel function no_such_function: E", StringComparison.Ordinal)
                ? null
                : refused.Message;
        }
    }

    private static ulong Read(LoadedObject loaded, string variable)
    {
        (BpfMap map, int offset) = loaded.Variable(variable);
        byte[] section = new byte[map.Shape.ValueSize];
        map.TryLookup(new byte[sizeof(int)], section);
        return MemoryMarshal.Read<ulong>(section.AsSpan(offset));
    }

    private static string FindLibrary()
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int path = line.IndexOf('/', StringComparison.Ordinal);
            if (path > 0 && Path.GetFileName(line[path..]).StartsWith("libc.so", StringComparison.Ordinal))
            {
                return line[path..];
            }
        }

        throw new FileNotFoundException("this process has no libc.so");
    }

    private static void Connect()
    {
        // Nobody listens on port 1 of loopback; the attempt itself is what counts.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, 1);
        }
        catch (SocketException)
        {
            // As expected.
        }
    }

    private static void AskDirectory() => _ = Environment.CurrentDirectory;

    private static void Compute()
    {
        for (int i = 0; i < 1_000_000; i++)
        {
            Thread.SpinWait(1);
        }
    }
}
