using Caretta.Bpf.Btf;
using Xunit;

namespace Caretta.Bpf.Tests;

public sealed class BpfProgramDefinitionTests
{
    [Theory]
    [InlineData("drop_all", BpfProgramType.Xdp, BpfAttachType.Xdp, null)]
    [InlineData("on_socket", BpfProgramType.SockOps, BpfAttachType.CgroupSockOps, null)]
    [InlineData("on_state", BpfProgramType.Tracing, BpfAttachType.TraceRawTracepoint, "inet_sock_set_state")]
    [InlineData("walk_sockets", BpfProgramType.Tracing, BpfAttachType.TraceIterator, "bpf_sk_storage_map")]
    [InlineData("walk_files", BpfProgramType.Tracing, BpfAttachType.TraceIterator, "task_file")]
    [InlineData("on_close", BpfProgramType.Tracing, BpfAttachType.TraceFentry, "tcp_close")]
    [InlineData("on_tracepoint", BpfProgramType.Tracepoint, (BpfAttachType)0, "sock/inet_sock_set_state")]
    [InlineData("on_connect", BpfProgramType.CgroupSockAddr, BpfAttachType.CgroupInet4Connect, null)]
    [InlineData("on_packet", BpfProgramType.CgroupSkb, BpfAttachType.CgroupInetEgress, null)]
    [InlineData("classify", BpfProgramType.TrafficClassifier, (BpfAttachType)0, null)]
    [InlineData("classify_uplink", BpfProgramType.TrafficClassifier, (BpfAttachType)0, "uplink")]
    [InlineData("only_on_request", BpfProgramType.Kprobe, (BpfAttachType)0, "tcp_sendmsg")]
    [InlineData("unknown_section", BpfProgramType.Unspecified, (BpfAttachType)0, null)]
    public void Section_name_says_what_the_program_is(string name, BpfProgramType type, BpfAttachType attachType, string? target)
    {
        BpfProgramDefinition program = Fixture.Parse("programs.bpf.o").Program(name);

        Assert.Equal((type, attachType, target), (program.Type, program.ExpectedAttachType, program.AttachTarget));
    }

    [Fact]
    public void Question_mark_keeps_a_program_from_loading()
    {
        BpfObject parsed = Fixture.Parse("programs.bpf.o");

        Assert.Equal(["only_on_request"], parsed.Programs.Where(program => !program.AutoLoad).Select(program => program.Name));
        Assert.Equal("?kprobe/tcp_sendmsg", parsed.Program("only_on_request").SectionName);
    }

    [Fact]
    public void Dot_s_means_sleepable()
    {
        BpfObject parsed = Fixture.Parse("programs.bpf.o");

        Assert.Equal(BpfProgramTraits.Sleepable, parsed.Program("walk_files").Flags);
        Assert.Equal(BpfProgramTraits.None, parsed.Program("walk_sockets").Flags);
    }

    [Fact]
    public void Several_programs_share_a_section_and_subprograms_are_none()
    {
        BpfObject parsed = Fixture.Parse("programs.bpf.o");

        Assert.Equal(
            ["drop_all", "through_visible", "through_callbacks"],
            parsed.Programs.Where(program => program.SectionName == "xdp").Select(program => program.Name));
        Assert.DoesNotContain(parsed.Programs, program => program.Name is "first" or "visible");
        Assert.Equal(Enumerable.Range(0, parsed.Programs.Count), parsed.Programs.Select(program => program.Index));
    }

    [Fact]
    public void Static_function_in_a_section_of_its_own_is_a_program()
    {
        BpfProgramDefinition program = Assert.Single(Fixture.Parse("legacy.bpf.o").Programs);

        Assert.Equal(("filter", BpfProgramType.SocketFilter), (program.Name, program.Type));
    }

    [Theory]
    [InlineData("xdp/lo", BpfProgramType.Xdp, "lo")]
    [InlineData("xdp/cpumap", BpfProgramType.Xdp, null)]
    [InlineData("xdp.frags/cpumap/x", BpfProgramType.Xdp, "x")]
    [InlineData("tc/ingress", BpfProgramType.TrafficClassifier, null)]
    [InlineData("tp/a/b", BpfProgramType.Tracepoint, "a/b")]
    [InlineData("kprobe/", BpfProgramType.Kprobe, null)]
    [InlineData("kprobe.multi/tcp_*", BpfProgramType.Kprobe, "tcp_*")]
    [InlineData("lsm.s/file_open", BpfProgramType.Lsm, "file_open")]
    [InlineData("cgroup/", BpfProgramType.Unspecified, null)]
    [InlineData("/xdp", BpfProgramType.Unspecified, null)]
    [InlineData("xdpx", BpfProgramType.Unspecified, null)]
    [InlineData("", BpfProgramType.Unspecified, null)]
    public void Longest_known_prefix_before_a_slash_counts(string section, BpfProgramType type, string? target)
    {
        BpfProgramDefinition program = new(0, 0, "program", section, 1);

        Assert.Equal((type, target), (program.Type, program.AttachTarget));
    }

    [Fact]
    public void License_is_passed_on_untouched()
    {
        Assert.Equal("Dual BSD/GPL", Fixture.Parse("programs.bpf.o").License);
        Assert.Equal("Dual MIT/GPL", Fixture.Parse("maps.bpf.o").License);
    }

    [Fact]
    public void License_may_fill_its_section_and_may_be_missing_but_not_empty()
    {
        byte[] image = Fixture.Read("data.bpf.o");
        ImageEditor.SetSection(image, "license", 0x20, 3);
        Assert.Equal("GPL", BpfObject.Parse(image, "x.o").License);

        ImageEditor.SetSection(image, "license", 0x20, 0);
        BadImageException e = Assert.Throws<BadImageException>(() => BpfObject.Parse(image, "x.o"));
        Assert.Equal("x.o: section license has 0 bytes, expected 1 to 127 of text", e.Message);

        Assert.Equal("", BpfObject.Parse(ObjectBuilder.Build("xdp", new byte[16], 16), "x.o").License);
    }

    [Fact]
    public void Hidden_function_is_static_to_the_kernel()
    {
        byte[] image = Fixture.Read("programs.bpf.o");
        ImageEditor.SetSymbol(image, "visible", 5, [2]);
        BtfTypes types = BtfTypes.Parse(BpfObject.Parse(image, "x.o").EncodeBtf(BtfFeatures.All)!, "encoded");

        Assert.Equal(BtfLinkage.Static, types[types.FindByName("visible"u8, BtfKind.Function)].Linkage);
        Assert.Equal(BtfLinkage.Global, types[types.FindByName("count_global"u8, BtfKind.Function)].Linkage);
    }

    [Fact]
    public void Unknown_program_is_named()
    {
        KeyNotFoundException e = Assert.Throws<KeyNotFoundException>(() => Fixture.Parse("data.bpf.o").Program("nothing"));
        Assert.Equal("data.bpf.o has no program nothing", e.Message);
    }
}
