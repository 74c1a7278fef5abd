using Caretta.Bpf.Interop;

using Xunit;

namespace Caretta.Bpf.Tests.Loading;

/// <summary>One object for several kernels: what some of them lack is left out.</summary>
public sealed class OptionalTests
{
    [Fact]
    public void An_optional_program_that_is_refused_is_left_out_with_its_reason()
    {
        BpfObject file = Parse();
        file.Program("tail_one").IsOptional = true;
        var kernel = new FakeKernel(6, 12) { Answer = RefuseProgram("tail_one") };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.Null(loaded.FindProgram("tail_one"));
        Assert.NotNull(loaded.FindProgram("tail_two"));
        Assert.Equal("EACCES", Assert.IsType<BpfException>(loaded.LeftOut["tail_one"]).ErrorName);

        // The array that wants both gets the one there is.
        Assert.Single(kernel.Of(bpf_cmd.BPF_MAP_UPDATE_ELEM), static attr => FakeKernel.Read<ulong>(attr, 24) == 0);
    }

    [Fact]
    public void A_program_that_is_not_optional_takes_the_load_with_it()
    {
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(6, 12) { Answer = RefuseProgram("tail_one") });

        BpfException refused = Assert.Throws<BpfException>(() => BpfLoader.Load(Parse()));

        Assert.Equal("load program tail_one", refused.Operation);
    }

    [Fact]
    public void A_map_that_is_left_out_becomes_a_call_that_no_kernel_knows()
    {
        BpfObject file = Parse();
        file.Map("tails").AutoCreate = false;
        var kernel = new FakeKernel(6, 12);
        List<int> helpers = [];
        kernel.Answer = (command, attr) =>
        {
            if (command == bpf_cmd.BPF_PROG_LOAD)
            {
                helpers.AddRange(FakeKernel.HelpersOf(attr));
            }

            return null;
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.Null(loaded.FindMap("tails"));
        Assert.Empty(loaded.Maps);
        Assert.Contains(2001000000, helpers);
        Assert.Equal("tails.bpf.o has no map tails", Assert.Throws<KeyNotFoundException>(() => loaded.Map("tails")).Message);
    }

    [Fact]
    public void An_optional_map_that_is_refused_is_left_out_with_its_reason()
    {
        BpfObject file = Parse();
        file.Map("tails").IsOptional = true;
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(6, 12)
        {
            Answer = static (command, _) => command == bpf_cmd.BPF_MAP_CREATE ? -Errno.EINVAL : null,
        });

        using LoadedObject loaded = BpfLoader.Load(file);

        Assert.Equal("EINVAL", Assert.IsType<BpfException>(loaded.LeftOut["tails"]).ErrorName);
        Assert.NotNull(loaded.FindProgram("tail_one"));
    }

    private static Func<bpf_cmd, byte[], int?> RefuseProgram(string name) => (command, attr) =>
        command == bpf_cmd.BPF_PROG_LOAD && attr.AsSpan(48, 16).StartsWith(System.Text.Encoding.ASCII.GetBytes(name)) ? -Errno.EACCES : null;

    private static BpfObject Parse()
    {
        BpfObject file = BpfObject.Parse(File.ReadAllBytes(Fixture.KernelPath("tails.bpf.o")), "tails.bpf.o");
        foreach (BpfProgramDefinition program in file.Programs)
        {
            program.AutoLoad = true;
        }

        return file;
    }
}
