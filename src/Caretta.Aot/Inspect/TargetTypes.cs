using Caretta.Bpf;
using Caretta.Bpf.Btf;

namespace Caretta.Aot.Inspect;

/// <summary>The types that an object is linked against: a kernel's.</summary>
internal sealed class TargetTypes : IDisposable
{
    private readonly KernelTypes? _kernel;

    private TargetTypes(string name, BtfTypes types, KernelTypes? kernel)
    {
        Name = name;
        Types = types;
        _kernel = kernel;
    }

    /// <summary>Where they are from.</summary>
    public string Name { get; }

    /// <summary>The types.</summary>
    public BtfTypes Types { get; }

    /// <summary>Those of the running kernel's modules; none for types from a file.</summary>
    public BtfTypes[] Modules => _kernel is null ? [] : [.. _kernel.ReadModules()];

    /// <summary>Reads a file, or the running kernel's types if none is named.</summary>
    /// <exception cref="BadImageException">They cannot be understood.</exception>
    /// <exception cref="IOException">They cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be read.</exception>
    public static TargetTypes Read(string? path)
    {
        if (path is null)
        {
            KernelTypes kernel = KernelTypes.Read();
            return new TargetTypes(KernelTypes.Path, kernel.Types, kernel);
        }

        return new TargetTypes(path, BtfTypes.ParseFile(File.ReadAllBytes(path), path), null);
    }

    /// <inheritdoc/>
    public void Dispose() => _kernel?.Dispose();
}
