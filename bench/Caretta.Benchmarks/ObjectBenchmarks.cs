using BenchmarkDotNet.Attributes;

using Caretta.Bpf;
using Caretta.Bpf.Elf;
using Caretta.Bpf.Linking;

namespace Caretta.Benchmarks;

/// <summary>
/// What the agent's own object costs, once per start: taking it apart, fitting it to this kernel, loading it. Build it first:
/// <c>./build.sh bpf</c>. <c>../load/load.c</c> does the last one with libbpf.
/// </summary>
public class ObjectBenchmarks : IDisposable
{
    private const string FileName = "caretta.bpf.o";

    private byte[] _image = [];
    private byte[] _copy = [];
    private BpfObject? _object;
    private KernelTypes? _kernel;

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
        _copy = new byte[_image.Length];
        _object = BpfObject.Parse(_image, FileName);
        _kernel = KernelTypes.Read();
        Relocate();
    }

    /// <inheritdoc/>
    [GlobalCleanup]
    public void Dispose()
    {
        _kernel?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>As many bytes copied.</summary>
    [Benchmark(Baseline = true)]
    public void Copy() => _image.CopyTo(_copy, 0);

    /// <summary>Sections and symbols.</summary>
    [Benchmark]
    public int ParseElf() => ElfFile.Parse(_image, FileName).SymbolCount;

    /// <summary>ELF, BTF, programs, maps and relocation records.</summary>
    [Benchmark]
    public int Parse() => BpfObject.Parse(_image, FileName).Programs.Count;

    /// <summary>All programs fitted to the running kernel's types, which are indexed already.</summary>
    [Benchmark]
    public int Relocate()
    {
        ProgramLinker linker = _object!.CreateLinker(_kernel!.Types);
        int instructions = 0;
        foreach (BpfProgramDefinition program in _object.Programs)
        {
            instructions += linker.Link(program).Instructions.Length;
        }

        return instructions;
    }

    /// <summary>From bytes to verified programs and maps, and away again. Needs root.</summary>
    [Benchmark]
    public int Load()
    {
        using LoadedObject loaded = BpfLoader.Load(BpfObject.Parse(_image, FileName));
        return loaded.Maps.Count;
    }
}
