using BenchmarkDotNet.Attributes;

using Caretta.Bpf.Btf;

namespace Caretta.Benchmarks;

/// <summary>What it costs, once per start, to read the running kernel's types: about 5 MB, some 100,000 types.</summary>
public class BtfBenchmarks
{
    private const string KernelBtf = "/sys/kernel/btf/vmlinux";

    private byte[] _image = [];
    private byte[] _copy = [];
    private BtfTypes? _types;

    /// <summary>Once per run.</summary>
    [GlobalSetup]
    public void ReadKernelTypes()
    {
        _image = File.ReadAllBytes(KernelBtf);
        _copy = new byte[_image.Length];
        _types = BtfTypes.Parse(_image, KernelBtf);
        // The first question builds the index; that is measured on its own.
        _types.FindByName("tcp_sock"u8, BtfKind.Struct);
    }

    /// <summary>As many bytes copied.</summary>
    [Benchmark(Baseline = true)]
    public void Copy() => _image.CopyTo(_copy, 0);

    /// <summary>Walks all types once.</summary>
    [Benchmark]
    public int Parse() => BtfTypes.Parse(_image, KernelBtf).Count;

    /// <summary>The same and the index by name, which the first question builds.</summary>
    [Benchmark]
    public uint ParseAndIndex() => BtfTypes.Parse(_image, KernelBtf).FindByName("tcp_sock"u8, BtfKind.Struct);

    /// <summary>A question to the index.</summary>
    [Benchmark]
    public uint FindByName() => _types!.FindByName("inet_sock_set_state"u8, BtfKind.Function);
}
