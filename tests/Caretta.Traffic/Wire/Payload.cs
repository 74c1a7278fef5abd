namespace Caretta.Traffic.Wire;

/// <summary>The bytes that are sent. Nobody looks at their values, only at how many there are.</summary>
internal static class Payload
{
    /// <summary>Size of the file that sendfile sends, in bytes: odd on purpose, and more than one segment.</summary>
    public const int FileBytes = 100_003;

    private static readonly Lazy<string> LazyFile = new(CreateFile);

    /// <summary>A block to send from, 64 KiB.</summary>
    public static ReadOnlyMemory<byte> Block { get; } = new byte[64 * 1024];

    /// <summary>A file of <see cref="FileBytes"/> bytes, removed when the process ends.</summary>
    public static string File => LazyFile.Value;

    private static string CreateFile()
    {
        string path = Path.Combine(Path.GetTempPath(), $"caretta-traffic-{Environment.ProcessId}.bin");
        System.IO.File.WriteAllBytes(path, new byte[FileBytes]);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => System.IO.File.Delete(path);
        return path;
    }
}
