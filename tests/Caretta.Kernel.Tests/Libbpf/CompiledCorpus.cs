using Caretta.Testing;

namespace Caretta.Kernel.Tests.Libbpf;

/// <summary>All BPF sources of the repository, compiled for one version of the instruction set, and the comparison program.</summary>
internal sealed class CompiledCorpus : IDisposable
{
    private static readonly string[] Folders =
    [
        "tests/Caretta.Kernel.Tests/Fixtures/comparison", "tests/Caretta.Kernel.Tests/Fixtures", "tests/Caretta.Bpf.Tests/Fixtures",
        "tests/Caretta.Bpf.Tests/Fixtures/core", "bpf",
    ];

    private readonly TemporaryDirectory _directory = new();

    /// <summary>Compiles.</summary>
    /// <param name="cpu"><c>v1</c>, <c>v2</c> or <c>v3</c>.</param>
    public CompiledCorpus(string cpu)
    {
        Dump = LibbpfDump.Compile(_directory["libbpf_dump"]);
        Dictionary<string, string> objects = [];
        foreach (string folder in Folders)
        {
            foreach (string source in Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.bpf.c").Order(StringComparer.Ordinal))
            {
                // Atomic operations that return a value begin with v3.
                if (cpu == "v3" || !File.ReadAllText(source).Contains("caretta.h\"", StringComparison.Ordinal))
                {
                    string name = $"{folder}/{Path.GetFileName(source)} ({cpu})";
                    string path = _directory[$"{objects.Count}.o"];
                    Compile(source, path, cpu);
                    objects.Add(name, path);
                }
            }
        }

        string merged = _directory["merged.o"];
        Command.Run("/usr/sbin/bpftool", "gen", "object", merged,
            objects[$"tests/Caretta.Bpf.Tests/Fixtures/merged_strong.bpf.c ({cpu})"], objects[$"tests/Caretta.Bpf.Tests/Fixtures/merged_weak.bpf.c ({cpu})"]);
        objects.Add($"merged ({cpu})", merged);
        Objects = objects;
    }

    /// <summary>Path of the comparison program.</summary>
    public string Dump { get; }

    /// <summary>Paths of objects by name of their source.</summary>
    public IReadOnlyDictionary<string, string> Objects { get; }

    /// <summary>Compiles one source.</summary>
    public static void Compile(string source, string path, string cpu, string target = "bpf") => Command.Run(
        "clang", "-g", "-O2", $"-mcpu={cpu}", "-target", target, "-D__TARGET_ARCH_x86", "-idirafter", "/usr/include/x86_64-linux-gnu",
        "-Wno-everything", "-c", source, "-o", path);

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();
}
