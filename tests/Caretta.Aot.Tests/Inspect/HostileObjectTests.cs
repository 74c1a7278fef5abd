using System.Diagnostics;
using System.Globalization;
using Caretta.Aot.Inspect;
using Caretta.Testing;
using Xunit;

namespace Caretta.Aot.Tests.Inspect;

/// <summary>
/// Damaged objects through everything that <c>inspect</c> does with them short of loading: parsing, types, relocations against a kernel's
/// types, linking, both reports. They are refused or are something else; nothing may escape, take a second, or take 64 MB.
/// </summary>
/// <remarks><c>CARETTA_MUTATION_SECONDS</c> says how long to go on (default 10), <c>CARETTA_MUTATION_SEED</c> where to start.</remarks>
public sealed class HostileObjectTests
{
    private const long MaximumAllocation = 64 << 20;
    private static readonly TimeSpan MaximumTime = TimeSpan.FromSeconds(1);
    private static readonly string[] Folders = ["tests/Caretta.Bpf.Tests/Fixtures", "tests/Caretta.Bpf.Tests/Fixtures/core", "tests/Caretta.Kernel.Tests/Fixtures"];
    private static readonly string TargetPath = Path.Combine(Repository.Root, "tests/Caretta.Bpf.Tests/Fixtures/core/target_same.btf");

    [Fact]
    public void Random_damage_to_any_object_is_refused_or_harmless()
    {
        (string Name, byte[] Image)[] corpus = ReadCorpus();
        int seed = Setting("CARETTA_MUTATION_SEED", 20260101);
        TimeSpan time = TimeSpan.FromSeconds(Setting("CARETTA_MUTATION_SECONDS", 10));
        var random = new Random(seed);
        long started = Stopwatch.GetTimestamp();
        int tried = 0;
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            (string name, byte[] original) = corpus[random.Next(corpus.Length)];
            byte[] image = Damage(original, corpus[random.Next(corpus.Length)].Image, random);
            Try(image, name, () => $"seed {seed}, object {tried} of them, {Keep(image)}");
            tried++;
        }

        Assert.True(tried > 100, $"only {tried} objects in {time}");
        TestContext.Current.SendDiagnosticMessage("{0} damaged objects from seed {1}", tried, seed);
    }

    [Fact]
    public void Damaged_types_of_a_kernel_are_refused_or_harmless()
    {
        using var directory = new TemporaryDirectory();
        byte[] original = File.ReadAllBytes(TargetPath);
        byte[] access = File.ReadAllBytes(Path.Combine(Repository.Root, Folders[1], "access.bpf.o"));
        var random = new Random(20260102);
        for (int round = 0; round < 500; round++)
        {
            byte[] types = Damage(original, original, random);
            File.WriteAllBytes(directory["damaged.btf"], types);
            Try(access, "access.bpf.o", () => $"types of round {round}, {Keep(types)}", directory["damaged.btf"]);
        }
    }

    private static void Try(byte[] image, string name, Func<string> describe, string? target = null)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan started = Environment.CpuUsage.TotalTime;      // the machine may be busy with other things
        try
        {
            ObjectInspection inspection = ObjectInspection.Run(image, name, new InspectOptions { ObjectPath = name, BtfPath = target ?? TargetPath });
            InspectJson.Write(inspection, dump: true);
            InspectText.Write(inspection, dump: true);
        }
        catch (Exception exception)
        {
            Assert.Fail($"{describe()}: {exception}");
        }

        TimeSpan took = Environment.CpuUsage.TotalTime - started;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < MaximumAllocation, $"{allocated} bytes allocated: {describe()}");
        Assert.True(took < MaximumTime, $"took {took}: {describe()}");
    }

    private static byte[] Damage(byte[] original, byte[] other, Random random)
    {
        byte[] image = (byte[])original.Clone();
        if (image.Length > 5 && random.Next(50) == 0)
        {
            image[5] = 2;       // claims to be big-endian
        }

        for (int changes = random.Next(1, 9); changes > 0; changes--)
        {
            int at = random.Next(image.Length);
            switch (random.Next(7))
            {
                case 0:
                    image[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    image[at] = (byte)random.Next(256);
                    break;
                case 2:
                    Write(image, at & ~3, random.Next(3) switch { 0 => 0, 1 => uint.MaxValue, _ => (uint)random.Next() });
                    break;
                case 3:
                    // Fields are small numbers: most changes that get far are by little.
                    image[at] = (byte)(image[at] + random.Next(-3, 4));
                    break;
                case 4:
                    int length = Math.Min(random.Next(1, 65), Math.Min(image.Length - at, other.Length));
                    Array.Copy(other, random.Next(other.Length - length + 1), image, at, length);
                    break;
                case 5:
                    int count = Math.Min(random.Next(1, 33), image.Length - at);
                    Array.Copy(image, random.Next(image.Length - count + 1), image, at, count);
                    break;
                default:
                    if (random.Next(10) == 0)
                    {
                        Array.Resize(ref image, Math.Max(1, at));
                    }

                    break;
            }
        }

        return image;
    }

    private static void Write(byte[] image, int at, uint value)
    {
        if (at + sizeof(uint) <= image.Length)
        {
            BitConverter.TryWriteBytes(image.AsSpan(at), value);
        }
    }

    private static (string Name, byte[] Image)[] ReadCorpus() =>
    [
        .. Folders.SelectMany(static folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.o")).Order(StringComparer.Ordinal)
            .Select(static path => (Path.GetFileName(path), File.ReadAllBytes(path))),
    ];

    private static string Keep(byte[] image)
    {
        string path = Path.Combine(Path.GetTempPath(), $"caretta-hostile-{Environment.ProcessId}.bin");
        File.WriteAllBytes(path, image);
        return $"kept as {path}";
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
