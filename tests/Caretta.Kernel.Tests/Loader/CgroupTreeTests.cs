using Caretta.Bpf;
using Caretta.Kernel.Tests.Support;

using Xunit;

namespace Caretta.Kernel.Tests.Loader;

/// <summary>Cgroups of this machine by number.</summary>
public sealed class CgroupTreeTests : IDisposable
{
    private static readonly string Mount = CgroupTree.FindMount() ?? throw new DirectoryNotFoundException("no cgroup v2 tree is mounted");

    private readonly string _name = $"caretta-test-{Guid.NewGuid():N}";
    private readonly Clock _clock = new();

    private string Folder => Path.Combine(Mount, _name);

    public void Dispose()
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder);
        }
    }

    [KernelFact]
    public void The_root_has_the_number_that_the_kernel_gives_it()
    {
        Assert.True(CgroupTree.TryGetId(Mount, out ulong id));
        Assert.Equal(CgroupTree.RootId, id);
        Assert.True(new CgroupTree(Mount, _clock, TimeSpan.Zero).TryGetPath(id, out string? path));
        Assert.Equal("/", path);
        Assert.False(CgroupTree.TryGetId(Folder, out _));
    }

    [KernelFact]
    public void A_new_cgroup_is_found_once_the_tree_may_be_walked_again()
    {
        var tree = new CgroupTree(Mount + "/", _clock, TimeSpan.FromSeconds(1));
        Assert.False(tree.TryGetPath(ulong.MaxValue, out _));
        Directory.CreateDirectory(Folder);
        Assert.True(CgroupTree.TryGetId(Folder, out ulong id));

        Assert.False(tree.TryGetPath(id, out _));
        _clock.Now += TimeSpan.FromSeconds(1).Ticks;
        Assert.True(tree.TryGetPath(id, out string? path));

        Assert.Equal("/" + _name, path);
    }

    private sealed class Clock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
