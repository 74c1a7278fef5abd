using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;

using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>The example that the package shows: it compiles, it runs, and it is what the page says.</summary>
public sealed class ExampleTests
{
    [KernelFact]
    public void The_packages_example_runs()
    {
        (TextReader input, TextWriter output) = (Console.In, Console.Out);
        using StringWriter printed = new();
        try
        {
            Console.SetIn(new StringReader("\n\n"));
            Console.SetOut(printed);
            Run(Path.Combine(Repository.Root, "tests", "Caretta.Kernel.Tests", "Fixtures", "hooks.bpf.o"));
        }
        finally
        {
            Console.SetIn(input);
            Console.SetOut(output);
        }

        string[] lines = printed.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.All(lines, static line => Assert.Matches("^[0-9]+ system calls$", line));
    }

    [Fact]
    public void The_packages_page_shows_this_example()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "src", "Caretta.Bpf", "README.md"));
        string[] shown = page.Split("```csharp\n")[1].Split("\n```")[0].Split('\n');

        string source = File.ReadAllText(Here());
        string body = source.Split("    private static void " + "Run(string path)\n    {\n")[1].Split("\n    }\n")[0];
        string[] compiled = [.. body.Split('\n').Select(static line => line.Length > 8 ? line[8..] : line.TrimStart())];

        Assert.Equal(compiled, shown);
        Assert.True(shown.Length <= 20, $"{shown.Length} lines");
    }

    private static string Here([CallerFilePath] string here = "") => here;

    private static void Run(string path)
    {
        // hooks.bpf.c has: SEC("?raw_tp/sys_enter") int raw_tracepoint(void *context), const volatile __u32 process, __u64 count.
        BpfObject file = BpfObject.Parse(File.ReadAllBytes(path), "hooks.bpf.o");
        file.Program("raw_tracepoint").AutoLoad = true;
        file.SetVariable("process", (uint)Environment.ProcessId);

        using LoadedObject loaded = BpfLoader.Load(file);
        using BpfLink link = BpfLink.Attach(loaded.Program("raw_tracepoint"));

        (BpfMap variables, int offset) = loaded.Variable("count");
        using BpfMemory memory = variables.MapMemory(isWritable: false);
        while (Console.ReadLine() is not null)
        {
            Console.WriteLine($"{MemoryMarshal.Read<ulong>(memory.Span[offset..])} system calls");
        }
    }
}
