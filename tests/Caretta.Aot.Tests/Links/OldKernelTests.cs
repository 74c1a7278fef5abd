using Caretta.Aot.Links;
using Caretta.Bpf.Interop;
using Caretta.Bpf.Tests.Loading;

using Xunit;

namespace Caretta.Aot.Tests.Links;

/// <summary>Which tier runs on kernels that nobody boots any more, what is said about the better ones, and what is drained.</summary>
public sealed class OldKernelTests
{
    private const string HasNoTypes = "this kernel does not describe its types";

    [Theory]
    [InlineData(4, 16, false, "sockops-plain", "sock_ops_plain")]
    [InlineData(4, 16, true, "sockops-plain", "sock_ops_plain")]
    [InlineData(4, 18, false, "sockops-plain", "sock_ops_plain")]
    [InlineData(4, 18, true, "tracing", null)]
    [InlineData(4, 19, false, "sockops-plain", "sock_ops_cookie")]
    [InlineData(5, 0, false, "sockops-plain", "sock_ops_cookie")]
    [InlineData(5, 0, true, "tracing", null)]
    [InlineData(5, 3, false, "sockops-plain", "sock_ops_cookie")]
    [InlineData(5, 3, true, "tracing", null)]
    public void The_best_tier_runs_that_a_kernel_without_types_leaves(int major, int minor, bool carriesTypes, string tier, string? program)
    {
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(major, minor) { Maps = new FakeMaps() });

        using ILinkTier running = Start(carriesTypes, out TierChoice choice);

        Assert.True(tier == running.Kind.Name(), choice.Reason);
        Assert.StartsWith(
            $"main: {HasNoTypes} (/sys/kernel/btf/vmlinux is missing); sockops-types: {HasNoTypes} ", choice.Reason, StringComparison.Ordinal);
        Assert.True(choice.Reason!.Contains("; sockops: load program sock_ops_headers: EACCES", StringComparison.Ordinal), choice.Reason);
        Assert.Equal(tier == "sockops-plain" && !carriesTypes, choice.Reason!.Contains($"tracing: {HasNoTypes}, and none are carried for ", StringComparison.Ordinal));
        if (program is not null)
        {
            Assert.Equal(program, Assert.Single(running.Programs).Name);
        }
    }

    [Theory]
    [InlineData(5, 4, true, "tracing")]
    [InlineData(5, 9, true, "sockops-types")]
    [InlineData(5, 10, true, "sockops-types")]
    [InlineData(5, 10, false, "sockops")]
    public void Types_of_its_own_are_used_for_the_best_tier_whose_programs_are_taken(int major, int minor, bool showsTypes, string tier)
    {
        using KernelCalls.Replacement _ = KernelCalls.Replace(new FakeKernel(major, minor) { Maps = new FakeMaps(), ShowsTypes = showsTypes });

        using ILinkTier running = Start(carriesTypes: false, out TierChoice choice);

        Assert.True(tier == running.Kind.Name(), choice.Reason);
        Assert.StartsWith(showsTypes ? "main: " : $"main: {HasNoTypes} ", choice.Reason, StringComparison.Ordinal);
        Assert.Null(choice.Attempts[^1].Refusal);
        Assert.All(choice.Attempts.SkipLast(1), static attempt => Assert.NotNull(attempt.Refusal));
    }

    [Fact]
    public void A_kernel_that_takes_no_sockops_and_shows_no_types_has_no_tier()
    {
        var kernel = new FakeKernel(4, 18)
        {
            Maps = new FakeMaps(),
            Answer = static (command, attr) => command == bpf_cmd.BPF_PROG_ATTACH ? -Errno.EPERM : null,
        };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);

        TierException exception = Assert.Throws<TierException>(() => Start(carriesTypes: false, out TierChoice _));

        Assert.Equal(Enum.GetValues<TierKind>(), exception.Attempts.Select(static attempt => attempt.Kind));
        Assert.True(exception.IsPermission);
        Assert.Contains("sockops-plain: attach sock_ops_plain to cgroup ", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 16, true)]
    [InlineData(4, 19, true)]
    [InlineData(5, 0, true)]
    [InlineData(5, 3, false)]
    [InlineData(5, 10, false)]
    public void Everything_is_drained_once_also_what_a_running_program_adds_while_maps_change(int major, int minor, bool waits)
    {
        var maps = new FakeMaps();
        var kernel = new FakeKernel(major, minor) { Maps = maps, ShowsTypes = false };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);
        using ILinkTier tier = Start(carriesTypes: false, out TierChoice _);
        var table = new LinkTable(new Resolver());
        int barriers = 0;
        tier.Poll(table);
        FakeMaps.FakeMap written = maps.Inner;
        for (ushort port = 1; port <= 100; port++)
        {
            written.Put(Key(port), new LinkDelta(10, 1, 1, 0, 0, 0));
        }

        kernel.Calls.Clear();
        kernel.OnMembarrier = () =>
        {
            // Found the old map before it was replaced; the walk must not have begun.
            barriers++;
            Assert.NotSame(written, maps.Inner);
            Assert.Equal(100, written.Entries.Count);
            written.Put(Key(100), new LinkDelta(11, 1, 1, 0, 0, 0));
            written.Put(Key(101), new LinkDelta(9, 1, 1, 0, 0, 0));
            return 0;
        };
        int count = tier.Poll(table);
        kernel.OnMembarrier = static () => 0;
        bool hasBatches = major == 5 && minor >= 6;

        // From 5.2 on, which has variables, the change of maps has waited itself.
        Assert.Equal(waits ? 1 : 0, barriers);
        Assert.Equal(100 + barriers, count);
        Assert.Equal(1000ul + (10ul * (ulong)barriers), Sum(table));
        Assert.Empty(written.Entries);
        Assert.Equal(hasBatches ? 0 : count, kernel.Of(bpf_cmd.BPF_MAP_DELETE_ELEM).Count);
        Assert.Equal(0, tier.Poll(table));
        Assert.Equal(1000ul + (10ul * (ulong)barriers), Sum(table));
    }

    [Fact]
    public void A_poll_goes_on_where_there_is_no_barrier()
    {
        var maps = new FakeMaps();
        var kernel = new FakeKernel(4, 16) { Maps = maps, OnMembarrier = static () => -Errno.EINVAL };
        using KernelCalls.Replacement _ = KernelCalls.Replace(kernel);
        using ILinkTier tier = Start(carriesTypes: false, out TierChoice _);
        var table = new LinkTable(new Resolver());
        tier.Poll(table);
        maps.Inner.Put(Key(1), new LinkDelta(10, 1, 1, 0, 0, 0));

        Assert.Equal(1, tier.Poll(table));
        Assert.Equal(10ul, Sum(table));
    }

    // Any directory does: the kernel that would look at it is not there.
    private static ILinkTier Start(bool carriesTypes, out TierChoice choice)
    {
        TierObjects objects = BuildInfo.TierObjects;
        CarriedTypes? carried = carriesTypes ? objects.FindTypes("5.10.0-46-cloud-amd64") ?? throw new InvalidOperationException("btf/ has changed") : null;
        return TierChoice.Start(objects with { FindTypes = _ => carried }, KernelParts.None, Path.GetTempPath(), trackProcesses: true, out choice);
    }

    private static LinkKey Key(ushort port) => new(default, default, default, default, port, LinkRole.Client, LinkKeyFlags.None);

    private static ulong Sum(LinkTable table)
    {
        ulong sum = 0;
        for (int i = 0; i < table.Columns.Count; i++)
        {
            sum += table.Columns.SentBytes[i];
        }

        return sum;
    }

    private sealed class Resolver : ILinkResolver
    {
        public long Epoch => 0;

        public int Other => 9;

        public bool IsGone(int workload) => false;

        public LinkEnds Resolve(in LinkKey key, TimeSpan waited, LinkHolders holders) => new(1, 2);
    }
}
