using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Names in a BPF file system. Each test has a directory of its own there.</summary>
public sealed class PinTests : IDisposable
{
    private readonly string _directory;
    private readonly bool _isMounted;

    public PinTests()
    {
        const string Default = "/sys/fs/bpf";
        if (!File.ReadLines("/proc/self/mounts").Any(static line => line.Contains(" /sys/fs/bpf bpf ", StringComparison.Ordinal)))
        {
            // Not mounted by default everywhere; a mount of its own, in the temporary directory, disturbs nobody.
            _directory = Directory.CreateTempSubdirectory("caretta-pins").FullName;
            using var mount = System.Diagnostics.Process.Start("mount", ["-t", "bpf", "none", _directory]);
            mount.WaitForExit();
            Assert.Equal(0, mount.ExitCode);
            _isMounted = true;
        }
        else
        {
            _directory = Directory.CreateDirectory(Path.Combine(Default, $"caretta-test-{Guid.NewGuid():N}".Replace('.', '_'))).FullName;
        }
    }

    public void Dispose()
    {
        if (_isMounted)
        {
            using var unmount = System.Diagnostics.Process.Start("umount", [_directory]);
            unmount.WaitForExit();
            Directory.Delete(_directory);
        }
        else
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    [KernelFact]
    public void A_map_pinned_by_name_is_made_once_and_shared()
    {
        using LoadedObject first = Load();
        using LoadedObject second = Load();
        first.Run("count");
        second.Run("count");

        Assert.True(first.Map("shared_counts").As<uint, ulong>().TryLookup(1, out ulong count));
        Assert.Equal(2UL, count);
    }

    [KernelFact]
    public void It_outlives_those_who_made_it()
    {
        using (LoadedObject first = Load())
        {
            first.Run("count");
        }

        using BpfMap pinned = BpfMap.OpenPinned(Path.Combine(_directory, "shared_counts"));

        Assert.True(pinned.As<uint, ulong>().TryLookup(1, out ulong count));
        Assert.Equal(1UL, count);
        Assert.Equal(new BpfMapShape("shared_counts", BpfMapType.Hash, 4, 8, 8, 0), pinned.Shape);
    }

    [KernelTheory]
    [InlineData("max_entries", 9u, 8u, 0u, "its max_entries is 9, and the object wants 8: remove the file if nobody uses it")]
    [InlineData("value_size", 8u, 4u, 0u, "its value_size is 4, and the object wants 8: remove the file if nobody uses it")]
    [InlineData("map_flags", 8u, 8u, 1u, "its map_flags is 1, and the object wants 0: remove the file if nobody uses it")]
    public void Another_map_of_that_name_is_refused_with_the_difference(
        string field, uint maxEntries, uint valueSize, uint flags, string difference)
    {
        using BpfMap other = BpfMap.Create(new BpfMapShape("other", BpfMapType.Hash, 4, (int)valueSize, maxEntries, flags));
        other.Pin(Path.Combine(_directory, "shared_counts"));
        int descriptors = OpenDescriptors.Count();

        BpfException refused = Assert.Throws<BpfException>(() => Load().Dispose());

        Assert.Equal(difference, refused.Advice);
        Assert.Contains(field, refused.Message, StringComparison.Ordinal);
        Assert.Equal(descriptors, OpenDescriptors.Count());
    }

    [KernelFact]
    public void What_is_no_map_is_refused()
    {
        using LoadedObject loaded = Load();
        loaded.Program("count").Pin(Path.Combine(_directory, "program"));
        File.Delete(Path.Combine(_directory, "shared_counts"));
        File.Move(Path.Combine(_directory, "program"), Path.Combine(_directory, "shared_counts"));

        Assert.Throws<BpfException>(() => Load().Dispose());
    }

    [KernelFact]
    public async Task Loads_at_the_same_time_share_one_map()
    {
        for (int round = 0; round < 10; round++)
        {
            LoadedObject[] loaded = new LoadedObject[8];
            await Parallel.ForAsync(0, loaded.Length, TestContext.Current.CancellationToken, (i, _) =>
            {
                loaded[i] = Load();
                loaded[i].Run("count");
                return ValueTask.CompletedTask;
            });

            foreach (LoadedObject one in loaded)
            {
                Assert.True(one.Map("shared_counts").As<uint, ulong>().TryLookup(1, out ulong count));

                // Two that found no entry both made one: some runs may have counted as one, but no map is alone.
                Assert.InRange(count, 1UL, 8UL);
                one.Map("shared_counts").As<uint, ulong>().Update(2, count);
            }

            Assert.All(loaded, static one =>
            {
                Assert.True(one.Map("shared_counts").As<uint, ulong>().TryLookup(2, out _));
                one.Dispose();
            });
            File.Delete(Path.Combine(_directory, "shared_counts"));
        }
    }

    [KernelFact]
    public void A_load_that_fails_leaves_no_name_that_it_made()
    {
        BpfObject file = Parse();
        file.Program("emit").AutoLoad = true;
        file.Program("emit").Type = BpfProgramType.Unspecified;
        string path = Path.Combine(_directory, "shared_counts");

        Assert.Throws<NotSupportedException>(() => BpfLoader.Load(file, Options()));
        Assert.False(File.Exists(path));

        Load().Dispose();
        Assert.Throws<NotSupportedException>(() => BpfLoader.Load(file, Options()));
        Assert.True(File.Exists(path));
    }

    [KernelFact]
    public void A_program_that_is_pinned_is_found_again()
    {
        string path = Path.Combine(_directory, "counter");
        using (LoadedObject loaded = Load())
        {
            loaded.Program("count").Pin(path);
            BpfException taken = Assert.Throws<BpfException>(() => loaded.Program("count").Pin(path));
            Assert.Equal($"pin program count at {path}: EEXIST (17)", taken.Message);
        }

        using BpfProgram pinned = BpfProgram.OpenPinned(path);

        Assert.Equal((BpfProgramType.SocketFilter, "count"), (pinned.Type, pinned.Name));
        Assert.Equal(0u, pinned.TestRun(new byte[64]).ReturnValue);
    }

    [KernelFact]
    public void A_link_that_is_pinned_stays_attached()
    {
        string path = Path.Combine(_directory, "link");
        BpfObject file = LoaderFixture.Parse("hooks.bpf.o", "raw_tracepoint");
        file.SetVariable("process", (uint)Environment.ProcessId);
        using LoadedObject loaded = BpfLoader.Load(file);
        using (BpfLink link = BpfLink.AttachRawTracepoint(loaded.Program("raw_tracepoint"), "sys_enter"))
        {
            link.Pin(path);
        }

        ulong before = loaded.Read<ulong>("count");
        Assert.True(File.Exists("/proc/self/status"));
        Assert.True(loaded.Read<ulong>("count") > before);

        using (BpfLink again = BpfLink.OpenPinned(path))
        {
            File.Delete(path);
        }

        Assert.Throws<BpfException>(() => BpfLink.OpenPinned(path));
    }

    [KernelFact]
    public void Outside_of_a_bpf_file_system_nothing_is_pinned()
    {
        using BpfMap<uint, ulong> map = LoaderFixture.CreateHash(1);

        BpfException refused = Assert.Throws<BpfException>(() => map.Pin(Path.Combine(Path.GetTempPath(), "no-bpf-file-system-here")));

        Assert.Equal("EPERM", refused.ErrorName);
        Assert.Contains("mount -t bpf", refused.Message, StringComparison.Ordinal);
    }

    private BpfLoadOptions Options() => new() { PinDirectory = _directory };

    private static BpfObject Parse() => LoaderFixture.Parse("buffers.bpf.o", "count");

    private LoadedObject Load() => BpfLoader.Load(Parse(), Options());
}
