using Caretta.Bpf.Interop;

using Xunit;

namespace Caretta.Bpf.Tests.Loading;

/// <summary>RLIMIT_MEMLOCK, which kernels before 5.11 charge.</summary>
public sealed class LockedMemoryTests
{
    private static readonly BpfMapShape Shape = new("numbers", BpfMapType.Array, 4, 8, 1000, 0);

    [Fact]
    public void A_kernel_that_charges_it_gets_a_higher_limit_once()
    {
        var kernel = new FakeKernel(5, 10) { NeededMemory = 1 << 20 };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        using BpfMap first = BpfMap.Create(Shape);
        using BpfMap second = BpfMap.Create(Shape);

        Assert.Equal(rlimit64.Infinity, kernel.Memory.rlim_cur);
        Assert.Equal([bpf_cmd.BPF_MAP_CREATE, bpf_cmd.BPF_PROG_LOAD, bpf_cmd.BPF_MAP_CREATE, bpf_cmd.BPF_MAP_CREATE],
            kernel.Calls.Select(static call => call.Command));
    }

    [Fact]
    public void Without_the_capability_it_goes_as_far_as_the_hard_limit()
    {
        var kernel = new FakeKernel(5, 10)
        {
            NeededMemory = 1 << 20,
            HasResourceCapability = false,
            Memory = new rlimit64 { rlim_cur = 64 << 10, rlim_max = 8 << 20 },
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        BpfMap.Create(Shape).Dispose();

        Assert.Equal(8UL << 20, kernel.Memory.rlim_cur);
    }

    [Fact]
    public void Where_it_cannot_be_raised_the_kernels_refusal_stands()
    {
        var kernel = new FakeKernel(5, 10) { NeededMemory = 1 << 20, HasResourceCapability = false };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        BpfException refused = Assert.Throws<BpfException>(() => BpfMap.Create(Shape));

        Assert.Equal("EPERM", refused.ErrorName);
        Assert.Contains("locked memory", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_charges_the_control_group_is_left_alone()
    {
        var kernel = new FakeKernel(5, 11)
        {
            Answer = static (command, _) => command == bpf_cmd.BPF_MAP_CREATE ? -Errno.EPERM : null,
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        Assert.Throws<BpfException>(() => BpfMap.Create(Shape));

        Assert.Equal(64UL << 10, kernel.Memory.rlim_cur);
        Assert.Single(kernel.Of(bpf_cmd.BPF_MAP_CREATE));
    }
}
