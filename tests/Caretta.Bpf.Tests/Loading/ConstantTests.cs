using Caretta.Bpf.Interop;

using Xunit;

namespace Caretta.Bpf.Tests.Loading;

/// <summary>Constants belong to a program whether it refers to them or not.</summary>
public sealed class ConstantTests
{
    private const int Refused = -Errno.EPERM;

    [Theory]
    [InlineData(0)]
    [InlineData(Refused)]
    public void Every_program_holds_the_constants_unless_the_kernel_refuses_it(int answer)
    {
        BpfObject file = BpfObject.Parse(File.ReadAllBytes(Fixture.KernelPath("run.bpf.o")), "run.bpf.o");
        file.Program("globals").AutoLoad = true;
        var kernel = new FakeKernel(6, 12) { Answer = (command, _) => command == bpf_cmd.BPF_PROG_BIND_MAP ? answer : null };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using LoadedObject loaded = BpfLoader.Load(file);

        int[] expected = [.. file.Maps.Where(static map => map.Kind == BpfMapKind.ReadOnlyData)
            .Select(map => (int)loaded.Map(map.Name).Handle.DangerousGetHandle())];
        Assert.NotEmpty(expected);
        Assert.Equal(expected, kernel.Of(bpf_cmd.BPF_PROG_BIND_MAP).Select(static attr => FakeKernel.Read<int>(attr, 4)));
        Assert.All(
            kernel.Of(bpf_cmd.BPF_PROG_BIND_MAP),
            attr => Assert.Equal((int)loaded.Program("globals").Handle.DangerousGetHandle(), FakeKernel.Read<int>(attr, 0)));
    }
}
