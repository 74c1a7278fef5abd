using System.IO.Compression;
using System.Text;

namespace Caretta.Bpf;

/// <summary>
/// What the running kernel was configured with, for the variables that objects declare as <c>extern … __kconfig</c>: the options of its
/// <c>.config</c>, and a few values that no file has.
/// </summary>
/// <remarks>Immutable: any thread may use it.</remarks>
public sealed class KernelConfig
{
    private const long MaximumFileSize = 16 << 20;  // distribution kernels have 0.3 MB

    private readonly Dictionary<string, string> _options = [];

    private KernelConfig(string name) => Name = name;

    /// <summary>A configuration without any option.</summary>
    public static KernelConfig Empty { get; } = new("(no configuration)");

    /// <summary>Where the options come from, for messages.</summary>
    public string Name { get; }

    /// <summary>Number of options that are set.</summary>
    public int Count => _options.Count;

    /// <summary>Reads the text of a <c>.config</c>: lines <c>CONFIG_NAME=value</c>; all others are comments. The first line of a name counts.</summary>
    /// <param name="text">UTF-8; what is not, is read leniently.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <exception cref="BadImageException">A line names an option but gives no value.</exception>
    public static KernelConfig Parse(ReadOnlySpan<byte> text, string name)
    {
        KernelConfig config = new(name);
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range].TrimEnd(" \t\r"u8);
            if (!line.StartsWith("CONFIG_"u8))
            {
                continue;
            }

            int separator = line.IndexOf((byte)'=');
            if (separator < 0 || separator == line.Length - 1)
            {
                throw new BadImageException($"{name}: expected CONFIG_NAME=value at offset 0x{range.Start.Value:x}, "
                    + $"found \"{Encoding.UTF8.GetString(line[..Math.Min(line.Length, 80)])}\"");
            }

            config._options.TryAdd(Encoding.UTF8.GetString(line[..separator]), Encoding.UTF8.GetString(line[(separator + 1)..]));
        }

        return config;
    }

    /// <summary>Reads the running kernel's configuration: <c>/boot/config-RELEASE</c>, or else <c>/proc/config.gz</c>.</summary>
    /// <param name="release">As <c>uname -r</c> prints it.</param>
    /// <param name="root">Directory that holds <c>boot</c> and <c>proc</c>; the root of the file system.</param>
    /// <returns>The configuration, or <see cref="Empty"/> if the machine has neither file or does not let us read it.</returns>
    /// <exception cref="BadImageException">There is a file and it is not a configuration.</exception>
    /// <exception cref="IOException">There is a file and reading it fails.</exception>
    public static KernelConfig ReadOf(string release, string root = "/")
    {
        ArgumentException.ThrowIfNullOrEmpty(release);
        foreach (string path in (ReadOnlySpan<string>)[Path.Combine(root, "boot", "config-" + release), Path.Combine(root, "proc", "config.gz")])
        {
            try
            {
                using FileStream file = File.OpenRead(path);
                using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
                return Parse(ReadAll(stream, path), path);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
            {
                // The next place may have it; that none has is said by whoever needs an option.
            }
            catch (InvalidDataException e)
            {
                throw new BadImageException($"{path}: not a gzip file: {e.Message}", e);
            }
        }

        return Empty;
    }

    /// <summary>Finds the value of an option as the file has it, quotation marks included.</summary>
    public bool TryGetValue(string option, out string value) => _options.TryGetValue(option, out value!);

    private static byte[] ReadAll(Stream stream, string path)
    {
        using MemoryStream copy = new();
        byte[] buffer = new byte[64 << 10];
        for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            if (copy.Length + count > MaximumFileSize)
            {
                throw new BadImageException($"{path}: more than {MaximumFileSize} bytes, which no configuration has");
            }

            copy.Write(buffer, 0, count);
        }

        return copy.ToArray();
    }
}
