using System.Globalization;
using System.Runtime.InteropServices;

using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Programs of <c>run.bpf.c</c> and <c>externs.bpf.c</c>, which check from the inside what the loader made of them.</summary>
public sealed class ProgramRunTests
{
    [KernelFact]
    public void Global_data_is_set_before_and_read_after()
    {
        BpfObject file = LoaderFixture.Parse("run.bpf.o", "globals");
        file.SetVariable("knob", 42u);
        file.SetVariable("wide_knob", 0x1122334455667788UL);
        file.SetVariable("hidden_knob", true);
        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.Equal(0u, loaded.Run("globals"));
        Assert.Equal(0u, loaded.Run("globals"));

        Assert.Equal(9u, loaded.Read<uint>("initialised"));
        Assert.Equal((ushort)9, loaded.Read<ushort>("hidden"));
        Assert.Equal(6UL, loaded.Read<ulong>("zeroed"));
        Assert.Equal(2u, loaded.Read<uint>("globals.calls"));
        Assert.Equal(0x44UL, loaded.Read<ulong>("custom"));
        Assert.Equal(42u, loaded.Read<uint>("knob"));
    }

    [KernelFact]
    public void Constants_cannot_be_changed_once_loaded()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "calls_one");
        (BpfMap constants, _) = loaded.Variable("knob");

        BpfException refused = Assert.Throws<BpfException>(() => constants.Update(new byte[4], new byte[constants.Shape.ValueSize]));

        Assert.Equal("EPERM", refused.ErrorName);
        Assert.Equal(5u, loaded.Read<uint>("knob"));
    }

    [KernelFact]
    public void A_constant_that_lets_missing_types_be_reached_makes_the_verifier_refuse()
    {
        BpfObject file = LoaderFixture.Parse("run.bpf.o", "globals");
        file.SetVariable("knob", 43u);

        BpfException refused = Assert.Throws<BpfException>(() => BpfLoader.Load(file));

        Assert.Contains("CO-RE relocation without target", refused.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public void Functions_are_called_from_several_programs()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "calls_one", "calls_two");

        Assert.Equal(0u, loaded.Run("calls_one"));
        Assert.Equal(0u, loaded.Run("calls_two"));
    }

    [KernelFact]
    public void Functions_are_passed_as_callbacks()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "callbacks");

        Assert.Equal(0u, loaded.Run("callbacks"));
    }

    [KernelFact]
    public void Maps_hold_the_maps_that_the_object_names()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "maps_in_map");

        Assert.Equal(0u, loaded.Run("maps_in_map"));

        Assert.True(loaded.Map("inner_a").As<uint, ulong>().TryLookup(0, out ulong first));
        Assert.True(loaded.Map("inner_b").As<uint, ulong>().TryLookup(2, out ulong second));
        Assert.Equal((100UL, 102UL), (first, second));
    }

    [KernelFact]
    public void Tail_calls_reach_the_programs_that_the_object_names()
    {
        using LoadedObject loaded = LoaderFixture.Load("tails.bpf.o", "tail_calls", "tail_one", "tail_two");

        Assert.Equal(0u, loaded.Run("tail_calls"));
    }

    [KernelFact]
    public void A_program_array_that_wants_a_program_left_out_is_refused_by_name()
    {
        KeyNotFoundException missing = Assert.Throws<KeyNotFoundException>(
            () => LoaderFixture.Load("tails.bpf.o", "tail_calls", "tail_one").Dispose());

        Assert.Contains("tail_two", missing.Message, StringComparison.Ordinal);
    }

    [KernelFact]
    public void Maps_that_leave_numbers_open_get_what_the_kernel_wants()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "other_maps");

        Assert.Equal(0u, loaded.Run("other_maps"));

        Assert.Equal(8192u, loaded.Map("ring").Shape.MaxEntries);
        Assert.Equal((uint)PossibleCpus.End, loaded.Map("events").Shape.MaxEntries);
        BpfMap perCpu = loaded.Map("per_cpu");
        byte[] values = new byte[perCpu.Shape.TransferSize];
        Assert.True(perCpu.TryLookup(MemoryMarshal.AsBytes<int>([1]), values));
        int sum = 0;
        for (int cpu = 0; cpu < PossibleCpus.Count; cpu++)
        {
            sum += MemoryMarshal.Read<int>(values.AsSpan((16 * cpu) + 8));
        }

        Assert.Equal(5, sum);
    }

    [KernelFact]
    public void Fields_types_and_values_are_found_where_this_kernel_has_them()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "core");

        Assert.Equal(0u, loaded.Program("core").TestRun(context: new byte[64]).ReturnValue);
    }

    [KernelFact]
    public void A_syscall_program_changes_its_context()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "doubles");
        ulong[] arguments = [21, 0];

        BpfTestRun run = loaded.Program("doubles").TestRun(context: MemoryMarshal.AsBytes(arguments.AsSpan()));

        Assert.Equal(0u, run.ReturnValue);
        Assert.Equal(42UL, arguments[1]);
    }

    [KernelFact]
    public void A_test_run_gives_back_the_packet_and_refuses_what_cannot_be_run()
    {
        using LoadedObject loaded = LoaderFixture.Load("run.bpf.o", "calls_one", "core");
        byte[] packet = new byte[64];
        packet[20] = 7;
        byte[] result = new byte[64];
        BpfProgram program = loaded.Program("calls_one");

        BpfTestRun run = program.TestRun(packet, result, repeat: 10);

        Assert.Equal((0u, 64), (run.ReturnValue, run.DataSize));
        Assert.Equal(packet, result);
        Assert.Equal("ENOSPC", Assert.Throws<BpfException>(() => program.TestRun(packet, new byte[10])).ErrorName);
        Assert.Equal("EINVAL", Assert.Throws<BpfException>(() => program.TestRun(new byte[3])).ErrorName);
        Assert.Equal("EINVAL", Assert.Throws<BpfException>(() => loaded.Program("core").TestRun(packet)).ErrorName);
    }

    [KernelFact]
    public void Configuration_is_that_of_this_kernel()
    {
        using LoadedObject loaded = LoaderFixture.Load("externs.bpf.o", "configuration");

        Assert.Equal(0u, loaded.Run("configuration"));

        Assert.Equal(KernelRelease.VersionCode, loaded.Read<uint>("kernel_version"));
        KernelConfig config = KernelConfig.ReadOf(KernelRelease.Text);
        Assert.True(config.TryGetValue("CONFIG_HZ", out string hz));
        Assert.Equal(int.Parse(hz, CultureInfo.InvariantCulture), loaded.Read<int>("hz"));
        Assert.True(loaded.Read<bool>("has_bpf"));
        Assert.Equal(0, loaded.Read<int>("missing"));
        Assert.True(loaded.Read<bool>("has_cookie"));
        Assert.True(loaded.Read<bool>("has_wrapper"));
    }

    [KernelFact]
    public void Symbols_are_those_of_this_kernel()
    {
        using LoadedObject loaded = LoaderFixture.Load("externs.bpf.o", "symbols");

        Assert.Equal(0u, loaded.Program("symbols").TestRun(context: new byte[64]).ReturnValue);

        string line = File.ReadLines("/proc/kallsyms").Single(static line => line.EndsWith(" bpf_prog_put", StringComparison.Ordinal));
        ulong address = ulong.Parse(line.Split(' ')[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        Assert.Equal(address, loaded.Read<ulong>("address"));
    }

    [KernelFact]
    public void A_typed_variable_is_reached_where_the_kernel_lists_it()
    {
        bool isListed = File.ReadLines("/proc/kallsyms").Any(static line => line.EndsWith(" bpf_prog_active", StringComparison.Ordinal));
        if (isListed)
        {
            using LoadedObject loaded = LoaderFixture.Load("externs.bpf.o", "variable");
            Assert.Equal(0u, loaded.Program("variable").TestRun(context: new byte[64]).ReturnValue);
        }
        else
        {
            BpfException refused = Assert.Throws<BpfException>(() => LoaderFixture.Load("externs.bpf.o", "variable").Dispose());
            Assert.Contains("failed to find the address for kernel symbol 'bpf_prog_active'", refused.Message, StringComparison.Ordinal);
        }
    }
}
