using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;

using Caretta.Testing;
using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Objects that were made for the pure tests, in the kernel.</summary>
public sealed class OtherObjectsTests
{
    [KernelFact]
    public void Programs_of_every_type_that_sections_name_are_loaded()
    {
        BpfObject file = Parse("programs.bpf.o");
        string[] names =
        [
            "through_visible", "on_socket", "on_state", "walk_sockets", "walk_files", "on_tracepoint", "on_connect", "on_packet",
            "classify", "classify_uplink",
        ];
        foreach (BpfProgramDefinition program in file.Programs)
        {
            program.AutoLoad = names.Contains(program.Name);
        }

        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.Equal(names.Order(), loaded.Programs.Select(static program => program.Name).Order());
        Assert.Equal(1u, loaded.Program("on_packet").TestRun(new byte[64]).ReturnValue & 1);
        Assert.Throws<KeyNotFoundException>(() => loaded.Program("on_close"));
    }

    [KernelFact]
    public void Maps_of_every_kind_are_made_and_filled()
    {
        BpfObject file = Parse("maps.bpf.o");
        file.Map("seen").PinByName = false;

        // Not every machine has a second node of memory.
        file.Map("seen").Flags = 0;
        file.Map("seen").NumaNode = 0;

        // It reads what a classifier must not.
        file.Program("use_all").AutoLoad = false;
        using LoadedObject loaded = BpfLoader.Load(file);

        // Seen from here, a map in a map is the number of that map, and a program that of the program.
        BpfMap<uint, uint> active = loaded.Map("active").As<uint, uint>();
        Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(slot => active.TryLookup((uint)slot, out uint id) && id > 0));
        BpfMap<uint, uint> tails = loaded.Map("tails").As<uint, uint>();
        Assert.Equal([1, 4], Enumerable.Range(0, 6).Where(slot => tails.TryLookup((uint)slot, out uint id) && id > 0));
        Assert.Equal(8192u, loaded.Map("events").Shape.MaxEntries);
        Assert.Equal(BpfMapType.BloomFilter, loaded.Map("seen").Shape.Type);
    }

    [KernelFact]
    public void Data_of_every_section_is_loaded_and_changed()
    {
        using LoadedObject loaded = BpfLoader.Load(Parse("data.bpf.o"));

        loaded.Program("read_all").TestRun(new byte[64]);

        Assert.Equal(2u, loaded.Read<uint>("counter"));
        Assert.Equal(0x43UL, loaded.Read<ulong>("elsewhere"));
        Assert.Equal(4u, loaded.Read<uint>("internal_counter"));
        Assert.Equal(5000u, loaded.Read<uint>("poll_interval_ms"));
        Assert.NotEqual(0UL, loaded.Read<ulong>("zero"));
    }

    [KernelFact]
    public void A_linked_object_and_one_from_before_types_are_loaded()
    {
        using LoadedObject merged = BpfLoader.Load(Parse("merged.bpf.o"));
        using LoadedObject legacy = BpfLoader.Load(Parse("legacy.bpf.o"));

        Assert.NotEmpty(merged.Programs);
        Assert.NotEmpty(legacy.Programs);
        Assert.NotEmpty(legacy.Maps);
    }

    [KernelFact]
    public async Task Loads_at_the_same_time_do_not_disturb_each_other()
    {
        int descriptors = OpenDescriptors.Count();

        await Parallel.ForAsync(0, 40, TestContext.Current.CancellationToken, static (i, _) =>
        {
            using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "calls_one", "maps_in_map", "core");
            Assert.Equal(0u, loaded.Run("calls_one"));
            Assert.Equal(0u, loaded.Run("maps_in_map"));
            return ValueTask.CompletedTask;
        });

        Assert.Equal(descriptors, OpenDescriptors.Count());
    }

    private static BpfObject Parse(string name) =>
        BpfObject.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "Caretta.Bpf.Tests", "Fixtures", name)), name);
}
