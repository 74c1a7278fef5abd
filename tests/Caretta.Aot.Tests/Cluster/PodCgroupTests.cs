using Caretta.Aot.Cluster;
using Caretta.Aot.Identity.Objects;
using Xunit;

namespace Caretta.Aot.Tests.Cluster;

public sealed class PodCgroupTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Pod = "12345678-9abc-def0-1234-56789abcdef0";
    private const string PodInSlice = "12345678_9abc_def0_1234_56789abcdef0";

    [Theory]
    [InlineData("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + PodInSlice + ".slice/cri-containerd-" + Id + ".scope")]
    [InlineData("/kubepods.slice/kubepods-pod" + PodInSlice + ".slice/crio-" + Id + ".scope")]
    [InlineData("/kubepods.slice/kubepods-pod" + PodInSlice + ".slice/crio-" + Id + ".scope/container")]
    [InlineData("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + PodInSlice + ".slice/docker-" + Id + ".scope")]
    [InlineData("/kubepods/burstable/pod" + Pod + "/" + Id)]
    [InlineData("/kubepods/pod" + Pod + "/crio-" + Id)]
    [InlineData("/kubepods/besteffort/pod" + Pod + "/" + Id + "/system.slice/nginx.service")]
    [InlineData("/system.slice/containerd.service/kubepods-besteffort-pod" + PodInSlice + ".slice:cri-containerd:" + Id)]
    [InlineData("/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" + PodInSlice
        + ".slice/cri-containerd-" + Id + ".scope")]
    [InlineData("/docker/" + Id + "/kubelet/kubepods/burstable/pod" + Pod + "/" + Id)]
    public void Pod_and_container_are_found(string path)
    {
        Assert.True(PodCgroup.TryParse(path, out Uid pod, out ReadOnlySpan<char> container));
        Assert.Equal(Uid.Parse(Pod), pod);
        Assert.Equal(Id, container.ToString());
    }

    [Fact]
    public void A_static_pod_is_found_by_the_hash_of_its_configuration()
    {
        Assert.True(PodCgroup.TryParse(
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice/crio-" + Id + ".scope",
            out Uid pod, out _));
        Assert.Equal(Uid.Parse("0123456789abcdef0123456789abcdef"), pod);
    }

    [Fact]
    public void A_process_of_the_pod_itself_has_no_container()
    {
        Assert.True(PodCgroup.TryParse("/kubepods/burstable/pod" + Pod, out Uid pod, out ReadOnlySpan<char> container));
        Assert.Equal(Uid.Parse(Pod), pod);
        Assert.Equal("", container.ToString());
    }

    [Fact]
    public void The_outermost_pod_wins()
    {
        Assert.True(PodCgroup.TryParse(
            "/kubepods/burstable/pod" + Pod + "/" + Id + "/kubelet/kubepods/podffffffff-ffff-ffff-ffff-ffffffffffff/abc", out Uid pod, out _));
        Assert.Equal(Uid.Parse(Pod), pod);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/system.slice/kubelet.service")]
    [InlineData("/kubepods.slice")]
    [InlineData("/kubepods.slice/kubepods-burstable.slice")]
    [InlineData("/kubepods/burstable")]
    [InlineData("/kubepods/pod")]
    [InlineData("/system.slice/podman.service")]
    [InlineData("/machine.slice/libpod-" + Id + ".scope")]
    [InlineData("/notkubepods.slice/notkubepods-pod" + PodInSlice + ".slice")]
    [InlineData("/user.slice/pod" + Pod)]
    public void Everything_else_is_no_pod(string path) => Assert.False(PodCgroup.TryParse(path, out _, out _));
}
