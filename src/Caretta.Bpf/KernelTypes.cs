using Caretta.Bpf.Btf;
using Caretta.Bpf.Interop;

namespace Caretta.Bpf;

/// <summary>The running kernel's types, <c>/sys/kernel/btf/vmlinux</c>: Linux 5.4 built with CONFIG_DEBUG_INFO_BTF.</summary>
/// <remarks>Several megabytes: read, use, dispose. Not thread-safe.</remarks>
public sealed class KernelTypes : IDisposable
{
    /// <summary>Where the kernel shows its types.</summary>
    public const string Path = "/sys/kernel/btf/vmlinux";

    private const string FileName = "vmlinux";

    private readonly NativeBytes _bytes;
    private readonly List<NativeBytes> _moduleBytes = [];
    private List<BtfTypes>? _modules;

    private KernelTypes(NativeBytes bytes, BtfTypes types)
    {
        _bytes = bytes;
        Types = types;
    }

    /// <summary>The types; not to be used after <see cref="Dispose"/>.</summary>
    public BtfTypes Types { get; }

    /// <summary>Whether this kernel shows its types.</summary>
    public static bool AreAvailable => File.Exists(CurrentPath);

    // Path itself, but in tests.
    private static string CurrentPath => System.IO.Path.Combine(KernelCalls.Current.TypesDirectory, FileName);

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

        (NativeBytes bytes, int length) = NativeBytes.ReadFile(CurrentPath);
        try
        {
            return new KernelTypes(bytes, BtfTypes.Parse(bytes.Memory[..length], FileName));
        }
        catch
        {
            ((IDisposable)bytes).Dispose();
            throw;
        }
    }

    /// <summary>
    /// Reads the types of all loaded modules, each on top of <see cref="Types"/>; once. A module that goes away meanwhile is left out, as is
    /// one that was built for another kernel.
    /// </summary>
    /// <returns>Types by name of the module; not to be used after <see cref="Dispose"/>. None before Linux 5.11.</returns>
    public IReadOnlyList<BtfTypes> ReadModules()
    {
        if (_modules is not null)
        {
            return _modules;
        }

        _modules = [];
        foreach (string path in Directory.GetFiles(KernelCalls.Current.TypesDirectory).OrderBy(static path => path, StringComparer.Ordinal))
        {
            if (System.IO.Path.GetFileName(path) == FileName)
            {
                continue;
            }

            try
            {
                (NativeBytes bytes, int length) = NativeBytes.ReadFile(path);
                _moduleBytes.Add(bytes);
                _modules.Add(BtfTypes.Parse(bytes.Memory[..length], System.IO.Path.GetFileName(path), Types));
            }
            catch (Exception exception) when (exception is IOException or BadImageException)
            {
                // Its types are as good as not there: what needs them will say so.
            }
        }

        return _modules;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ((IDisposable)_bytes).Dispose();
        foreach (NativeBytes bytes in _moduleBytes)
        {
            ((IDisposable)bytes).Dispose();
        }
    }
}
