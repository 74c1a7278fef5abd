using BenchmarkDotNet.Attributes;

using Caretta.Bpf;

namespace Caretta.Benchmarks;

/// <summary>What it costs, once per start, to take the agent's own object apart. Build it first: <c>./build.sh bpf</c>.</summary>
[MemoryDiagnoser]
public class ObjectBenchmarks
{
    private const string FileName = "caretta.bpf.o";

    private byte[] _image = [];

    /// <summary>Once per run.</summary>
    /// <exception cref="FileNotFoundException">The object was not built.</exception>
    [GlobalSetup]
    public void ReadObject()
    {
        // Benchmarks run in a directory of their own, some levels below the checkout.
        string? directory = AppContext.BaseDirectory;
        string path = "";
        while (directory is not null && !File.Exists(path = Path.Combine(directory, "artifacts", "bpf", FileName)))
        {
            directory = Path.GetDirectoryName(directory);
        }

        _image = directory is null ? throw new FileNotFoundException($"{FileName} is missing: run ./build.sh bpf") : File.ReadAllBytes(path);
    }

    /// <summary>ELF, BTF, programs, maps and relocation records.</summary>
    [Benchmark]
    public int Parse() => BpfObject.Parse(_image, FileName).Programs.Count;
}
