using Caretta.Bpf.Btf;

namespace Caretta.Bpf;

/// <summary>The running kernel's types, <c>/sys/kernel/btf/vmlinux</c>: Linux 5.4 built with CONFIG_DEBUG_INFO_BTF.</summary>
/// <remarks>Several megabytes: read, use, dispose. Not thread-safe.</remarks>
public sealed class KernelTypes : IDisposable
{
    /// <summary>Where the kernel shows its types.</summary>
    public const string Path = "/sys/kernel/btf/vmlinux";

    private readonly NativeBytes _bytes;

    private KernelTypes(NativeBytes bytes, BtfTypes types)
    {
        _bytes = bytes;
        Types = types;
    }

    /// <summary>The types; not to be used after <see cref="Dispose"/>.</summary>
    public BtfTypes Types { get; }

    /// <summary>Whether this kernel shows its types.</summary>
    public static bool AreAvailable => File.Exists(Path);

    /// <summary>Reads and indexes them.</summary>
    /// <exception cref="FileNotFoundException">The kernel does not show them.</exception>
    /// <exception cref="BadImageException">They cannot be understood.</exception>
    public static KernelTypes Read()
    {
        if (!AreAvailable)
        {
            throw new FileNotFoundException(
                $"this kernel does not describe its types ({Path} is missing): it needs CONFIG_DEBUG_INFO_BTF=y", Path);
        }

        (NativeBytes bytes, int length) = NativeBytes.ReadFile(Path);
        try
        {
            return new KernelTypes(bytes, BtfTypes.Parse(bytes.Memory[..length], "vmlinux"));
        }
        catch
        {
            ((IDisposable)bytes).Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => ((IDisposable)_bytes).Dispose();
}
