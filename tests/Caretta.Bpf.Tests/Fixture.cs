using System.Runtime.CompilerServices;

namespace Caretta.Bpf.Tests;

/// <summary>The files beside the tests, read from the source tree: what a test blesses is what gets committed.</summary>
internal static class Fixture
{
    public static readonly string[] Objects =
        ["programs.bpf.o", "data.bpf.o", "maps.bpf.o", "externs.bpf.o", "relocations.bpf.o", "merged.bpf.o", "legacy.bpf.o"];

    /// <summary>Those, and all others that are small enough to be damaged at every byte.</summary>
    public static readonly string[] ManyObjects =
    [
        .. Objects, "core/access.bpf.o", "core/kernel.bpf.o", "../../Caretta.Kernel.Tests/Fixtures/externs.bpf.o",
        "../../Caretta.Kernel.Tests/Fixtures/tails.bpf.o",
    ];

    public static string PathOf(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "Fixtures", name);

    /// <summary>An object that was made for the kernel tests.</summary>
    public static string KernelPath(string name) =>
        Path.Combine(PathOf(string.Empty), "..", "..", "Caretta.Kernel.Tests", "Fixtures", name);

    public static byte[] Read(string name) => File.ReadAllBytes(PathOf(name));

    public static BpfObject Parse(string name) => BpfObject.Parse(Read(name), name);

    /// <summary>Compares text with a committed file, or writes the file when <c>BLESS=1</c>.</summary>
    public static void AssertGolden(string name, string actual)
    {
        if (Environment.GetEnvironmentVariable("BLESS") == "1")
        {
            File.WriteAllText(PathOf(name), actual);
        }

        Xunit.Assert.Equal(File.ReadAllText(PathOf(name)), actual, ignoreLineEndingDifferences: true);
    }
}
