using Caretta.Bpf.Btf;
using Caretta.Bpf.Interop;
using Caretta.Bpf.Linking;

using Xunit;

namespace Caretta.Bpf.Tests.Loading;

/// <summary>Kernels that lack what the loader would rather use.</summary>
public sealed class OldKernelTests
{
    private static readonly BpfInstruction[] ReturnZero = [new(0xb7), new(BpfInstruction.Exit)];

    [Theory]
    [InlineData(4, 14, false)]
    [InlineData(4, 15, true)]
    public void Names_are_left_out_where_there_are_none(int major, int minor, bool hasNames)
    {
        var kernel = new FakeKernel(major, minor);
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using (BpfMap first = BpfMap.Create(new BpfMapShape("numbers", BpfMapType.Array, 4, 8, 1, 0)))
        using (Program().Load())
        {
            Assert.Equal("numbers", first.Name);
        }

        kernel.Calls.Clear();
        using BpfMap second = BpfMap.Create(new BpfMapShape("numbers", BpfMapType.Array, 4, 8, 1, 0));
        using BpfHandle third = Program().Load();

        // Once it is known, nothing is tried in vain.
        Assert.Equal(hasNames, kernel.Of(bpf_cmd.BPF_MAP_CREATE).Single()[28] != 0);
        Assert.Equal(hasNames, kernel.Of(bpf_cmd.BPF_PROG_LOAD).Single()[48] != 0);
    }

    [Theory]
    [InlineData(4, 16, 0)]
    [InlineData(4, 17, 3)]
    public void An_attach_type_is_left_out_where_there_are_none(int major, int minor, int expected)
    {
        var kernel = new FakeKernel(major, minor);
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);
        var load = new ProgramLoad
        {
            Name = "sock_ops",
            Type = BpfProgramType.SockOps,
            License = "GPL",
            AttachType = BpfAttachType.CgroupSockOps,
            AttachTypeIsOptional = true,
            Instructions = ReturnZero,
        };

        load.Load().Dispose();

        Assert.Equal(expected, FakeKernel.Read<int>(kernel.Of(bpf_cmd.BPF_PROG_LOAD)[^1], 68));
    }

    [Fact]
    public void An_attach_type_that_is_needed_is_never_left_out()
    {
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(4, 16));
        var load = new ProgramLoad
        {
            Name = "connect4",
            Type = BpfProgramType.CgroupSockAddr,
            License = "GPL",
            AttachType = BpfAttachType.CgroupInet4Connect,
            Instructions = ReturnZero,
        };

        Assert.Throws<BpfException>(load.Load);
    }

    [Theory]
    [InlineData(5, 4, 4)]
    [InlineData(5, 5, 113)]
    public void Reading_the_kernels_memory_has_one_name_where_there_is_one(int major, int minor, int helper)
    {
        var kernel = new FakeKernel(major, minor);
        int last = 0;
        kernel.Answer = (command, attr) =>
        {
            last = command == bpf_cmd.BPF_PROG_LOAD && FakeKernel.HelpersOf(attr) is [int only] ? only : last;
            return null;
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        Program(new BpfInstruction(BpfInstruction.Call, immediate: 113)).Load().Dispose();

        Assert.Equal(helper, last);
    }

    [Theory]
    [InlineData(5, 1, false)]
    [InlineData(5, 2, true)]
    public void Variables_are_left_out_where_there_are_none(int major, int minor, bool hasVariables)
    {
        BpfObject file = BpfObject.Parse(File.ReadAllBytes(Fixture.KernelPath("probes.bpf.o")), "probes.bpf.o");
        file.Program("function_entry").AutoLoad = true;
        file.Program("nowhere").AutoLoad = true;
        file.Program("function_entry").IsOptional = true;
        var kernel = new FakeKernel(major, minor);
        Dictionary<int, int> helpers = [];
        kernel.Answer = (command, attr) =>
        {
            if (command == bpf_cmd.BPF_PROG_LOAD)
            {
                foreach (int helper in FakeKernel.HelpersOf(attr))
                {
                    helpers[helper] = 1;
                }
            }

            return null;
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.NotNull(loaded.FindProgram("nowhere"));
        Assert.Equal(hasVariables, loaded.FindMap(".bss") is not null);
        Assert.Equal(hasVariables ? 2 : 0, loaded.Maps.Count);

        // What uses them calls a helper that nobody has: the verifier judges whether it gets there.
        Assert.Equal(!hasVariables, helpers.Keys.Any(static helper => helper >= 2001000000));
    }

    [Theory]
    [InlineData(4, 17, BtfFeatures.None)]
    [InlineData(4, 18, BtfFeatures.None)]
    [InlineData(5, 0, BtfFeatures.Functions)]
    [InlineData(5, 2, BtfFeatures.Functions | BtfFeatures.DataSections)]
    [InlineData(5, 6, BtfFeatures.Functions | BtfFeatures.DataSections | BtfFeatures.GlobalFunctions)]
    [InlineData(5, 13, BtfFeatures.Functions | BtfFeatures.DataSections | BtfFeatures.GlobalFunctions | BtfFeatures.Floats)]
    [InlineData(5, 16, BtfFeatures.All & ~(BtfFeatures.TypeTags | BtfFeatures.Enum64 | BtfFeatures.OptionalSections))]
    [InlineData(5, 17, BtfFeatures.All & ~(BtfFeatures.Enum64 | BtfFeatures.OptionalSections))]
    [InlineData(6, 0, BtfFeatures.All & ~BtfFeatures.OptionalSections)]
    [InlineData(6, 9, BtfFeatures.All)]
    public void What_a_kernel_takes_of_types_is_found_out(int major, int minor, BtfFeatures expected)
    {
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(major, minor));

        Assert.Equal(expected, KernelFeatures.Current.TypeInformation);
    }

    [Theory]
    [InlineData(4, 16)]
    [InlineData(4, 18)]
    [InlineData(5, 0)]
    [InlineData(5, 4)]
    [InlineData(5, 15)]
    [InlineData(6, 12)]
    public void An_object_is_loaded_with_the_types_that_the_kernel_takes(int major, int minor)
    {
        // It has functions and data sections.
        BpfObject file = BpfObject.Parse(Fixture.Read("data.bpf.o"), "data.bpf.o");
        var kernel = new FakeKernel(major, minor);
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.NotEmpty(loaded.Programs);
        bool hasTypes = new Version(major, minor) >= new Version(5, 0);
        byte[] last = kernel.Of(bpf_cmd.BPF_PROG_LOAD)[^1];
        Assert.Equal(hasTypes, FakeKernel.Read<uint>(last, 72) != 0);
        Assert.Equal(hasTypes, FakeKernel.Read<uint>(last, 88) != 0);
    }

    [Fact]
    public void Refused_records_of_functions_and_lines_are_left_out()
    {
        BpfObject file = BpfObject.Parse(Fixture.Read("data.bpf.o"), "data.bpf.o");
        var kernel = new FakeKernel(6, 12)
        {
            Answer = static (command, attr) =>
                command == bpf_cmd.BPF_PROG_LOAD && FakeKernel.Read<uint>(attr, 88) != 0 ? -Errno.EINVAL : null,
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.NotEmpty(loaded.Programs);
    }

    [Fact]
    public void Types_that_a_map_refuses_are_left_out()
    {
        BpfObject file = BpfObject.Parse(Fixture.Read("data.bpf.o"), "data.bpf.o");
        var kernel = new FakeKernel(6, 12)
        {
            Answer = static (command, attr) =>
                command == bpf_cmd.BPF_MAP_CREATE && FakeKernel.Read<uint>(attr, 56) != 0 ? -Errno.EINVAL : null,
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.NotEmpty(loaded.Maps);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(900)]
    public void A_load_that_signals_interrupt_is_repeated(int times)
    {
        int left = times;
        var kernel = new FakeKernel(6, 12)
        {
            Answer = (command, _) => command == bpf_cmd.BPF_PROG_LOAD && left-- > 0 ? -Errno.EAGAIN : null,
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        Program().Load().Dispose();

        Assert.Equal(times + 1, kernel.Of(bpf_cmd.BPF_PROG_LOAD).Count);
    }

    [Fact]
    public void A_program_too_long_for_the_kernel_is_refused_with_the_limit()
    {
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(5, 1));
        BpfInstruction[] many = new BpfInstruction[5000];
        Array.Fill(many, new BpfInstruction(0xb7));
        many[^1] = new BpfInstruction(BpfInstruction.Exit);

        BpfException refused = Assert.Throws<BpfException>(Program(many).Load);

        Assert.Equal(
            "load program program: E2BIG (7); it has 5002 instructions, and this kernel takes 4096 (a million from Linux 5.2 on, with CAP_BPF)",
            refused.Message);
    }

    [Fact]
    public void A_kprobe_program_says_for_which_kernel_it_is()
    {
        var kernel = new FakeKernel(4, 19);
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);
        ProgramLoad load = Program();

        new ProgramLoad
        {
            Name = "probe",
            Type = BpfProgramType.Kprobe,
            License = "GPL",
            KernelVersion = 0x041305,
            Instructions = load.Instructions,
        }.Load().Dispose();

        Assert.Equal(0x041305u, FakeKernel.Read<uint>(kernel.Of(bpf_cmd.BPF_PROG_LOAD)[^1], 40));
    }

    [Theory]
    [InlineData(5, 14, false)]
    [InlineData(5, 15, true)]
    public void An_event_has_a_link_where_there_are_such_links(int major, int minor, bool hasLinks)
    {
        var kernel = new FakeKernel(major, minor);
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);
        using BpfProgram program = new(Program().Load(), "sample", BpfProgramType.PerfEvent, 0, string.Empty, "perf_event");

        using BpfLink link = BpfLink.AttachPerfEvent(program, BpfPerfEvent.CpuClock(100), -1, 0);

        Assert.Equal(hasLinks, link.IsKernelLink);
        Assert.Equal(hasLinks, KernelFeatures.Current.HasPerfLinks);
        Assert.Equal(hasLinks ? [] : [(nuint)0x40042408, (nuint)0x2400], kernel.Ioctls);
        if (!hasLinks)
        {
            Assert.Throws<NotSupportedException>(() => link.Pin("/sys/fs/bpf/no"));
            BpfException refused = Assert.Throws<BpfException>(
                () => BpfLink.AttachPerfEvent(program, BpfPerfEvent.CpuClock(100), -1, 0, cookie: 1));
            Assert.Equal("cookies need Linux 5.15", refused.Advice);
        }
    }

    [Theory]
    [InlineData(5, 6, false)]
    [InlineData(5, 7, true)]
    public void A_cgroup_has_a_link_where_there_are_such_links(int major, int minor, bool hasLinks)
    {
        var kernel = new FakeKernel(major, minor);
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);
        using BpfProgram program = new(
            Program().Load(), "sock_ops", BpfProgramType.SockOps, BpfAttachType.CgroupSockOps, string.Empty, "sockops");

        BpfLink link = BpfLink.AttachCgroup(program, "/");
        Assert.Equal(hasLinks, link.IsKernelLink);
        Assert.Equal(!hasLinks, link.OutlivesProcess);
        link.Dispose();
        link.Dispose();

        Assert.Equal(hasLinks ? 0 : 1, kernel.Of(bpf_cmd.BPF_PROG_ATTACH).Count);
        Assert.Equal(hasLinks ? 0 : 1, kernel.Of(bpf_cmd.BPF_PROG_DETACH).Count);
        if (!hasLinks)
        {
            byte[] attach = kernel.Of(bpf_cmd.BPF_PROG_ATTACH)[0];
            Assert.Equal((3u, 2u), (FakeKernel.Read<uint>(attach, 8), FakeKernel.Read<uint>(attach, 12)));
        }
    }

    [Fact]
    public void Types_from_a_file_answer_relocations_in_place_of_the_kernels()
    {
        BpfObject file = BpfObject.Parse(Fixture.Read("core/access.bpf.o"), "access.bpf.o");
        BtfTypes moved = BtfTypes.Parse(Fixture.Read("core/target_moved.btf"), "target_moved.btf");
        List<BpfInstruction[]> sent = [];
        var kernel = new FakeKernel(5, 4)
        {
            Answer = (command, attr) =>
            {
                if (command == bpf_cmd.BPF_PROG_LOAD && attr[48] != 0)
                {
                    sent.Add(FakeKernel.InstructionsOf(attr));
                }

                return null;
            },
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using LoadedObject loaded = BpfLoader.Load(file, moved);

        ProgramLinker linker = file.CreateLinker(moved);
        BpfProgramDefinition[] wanted = [.. file.Programs.Where(static program => program.AutoLoad)];
        Assert.NotEmpty(wanted);
        Assert.Equal(wanted.Length, loaded.Programs.Count());
        Assert.All(wanted, program =>
        {
            LinkedProgram linked = linker.Link(program);
            Assert.Empty(linked.MapReferences);
            Assert.Contains(sent, code => linked.Instructions.SequenceEqual(code));
        });
    }

    [Fact]
    public void Every_feature_is_there_on_a_kernel_that_refuses_to_be_asked()
    {
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(4, 10) { Answer = static (_, _) => -Errno.EPERM });
        KernelFeatures features = KernelFeatures.Current;

        Assert.True(features.HasObjectNames);
        Assert.True(features.HasGlobalData);
        Assert.True(features.HasBatches);
        Assert.True(features.HasPerfLinks);
        Assert.True(features.HasProbeReadKernel);
        Assert.True(features.HasExpectedAttachType);
        Assert.True(features.HasMappableArrays);
    }

    private static ProgramLoad Program(params BpfInstruction[] before) => new()
    {
        Name = "program",
        Type = BpfProgramType.SocketFilter,
        License = "GPL",
        Instructions = [.. before, .. ReturnZero],
    };
}
