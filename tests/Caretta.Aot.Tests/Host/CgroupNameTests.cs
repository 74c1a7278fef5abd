using Caretta.Aot.Host;
using Xunit;

namespace Caretta.Aot.Tests.Host;

public sealed class CgroupNameTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string OtherId = "ffff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("/system.slice/nginx.service", "nginx.service")]
    [InlineData("/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service")]
    [InlineData("/system.slice/foo.service/worker-3", "foo.service")]
    [InlineData("/system.slice/docker.service", "docker.service")]
    [InlineData("/system.slice/docker.service/buildkit/abc", "docker.service")]
    [InlineData("/system.slice/dev-disk\\x2dby.service", "dev-disk\\x2dby.service")]
    [InlineData("/system.slice/_cpu.service", "cpu.service")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice/emacs.service", "emacs.service")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service", "user@1000.service")]
    public void Services_are_units(string path, string name) => Assert.Equal(new CgroupName(CgroupKind.Unit, name), CgroupName.Parse(path));

    [Theory]
    [InlineData("/system.slice/docker-" + Id + ".scope")]
    [InlineData("/docker/" + Id)]
    [InlineData("/system.slice/containerd.service/" + Id)]
    [InlineData("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-" + Id + ".scope")]
    [InlineData("/kubepods.slice/kubepods-pod1_2.slice/crio-" + Id + ".scope")]
    [InlineData("/kubepods.slice/kubepods-pod1_2.slice/crio-" + Id + ".scope/container")]
    [InlineData("/kubepods/burstable/pod1-2/" + Id)]
    [InlineData("/kubepods/besteffort/pod1-2/crio-" + Id)]
    [InlineData("/system.slice/containerd.service/kubepods-besteffort-pod1_2.slice:cri-containerd:" + Id)]
    [InlineData("/machine.slice/libpod-" + Id + ".scope")]
    [InlineData("/machine.slice/libpod-" + Id + ".scope/container")]
    [InlineData("/libpod_parent/libpod-" + Id)]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + Id + ".scope")]
    [InlineData("/system.slice/web.service/libpod-payload-" + Id)]
    [InlineData("/system.slice/nerdctl-" + Id + ".scope")]
    [InlineData("/default/" + Id)]
    [InlineData("/system.slice/docker-" + Id + ".scope/system.slice/nginx.service")]
    [InlineData("/docker/" + Id + "/docker/" + OtherId)]
    public void Containers_are_found_by_their_id_and_the_outermost_wins(string path) =>
        Assert.Equal(new CgroupName(CgroupKind.Container, Id), CgroupName.Parse(path));

    [Theory]
    [InlineData("/lxc.payload.web", "web")]
    [InlineData("/lxc.payload.web/system.slice/nginx.service", "web")]
    [InlineData("/lxc/web/system.slice/nginx.service", "web")]
    [InlineData("/lxc.payload/web", "web")]
    [InlineData("/machine.slice/machine-debian\\x2dtree.scope/payload", "debian-tree")]
    [InlineData("/machine.slice/systemd-nspawn@web.service/payload/system.slice/ssh.service", "web")]
    [InlineData("/machine.slice/machine-gr\\xc3\\xbcn.scope", "grün")]
    [InlineData("/machine.slice/machine-a\\xzz\\x2.scope", "a\\xzz\\x2")]
    public void Named_containers_go_by_their_name(string path, string name) =>
        Assert.Equal(new CgroupName(CgroupKind.NamedContainer, name), CgroupName.Parse(path));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/init.scope")]
    [InlineData("/user.slice/user-1000.slice/session-3.scope")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-77.scope")]
    [InlineData("/system.slice/run-r12.scope")]
    [InlineData("/machine.slice/libpod-conmon-" + Id + ".scope")]
    [InlineData("/system.slice/crio-conmon-" + Id + ".scope")]
    [InlineData("/lxc.monitor.web")]
    [InlineData("/machine.slice/machine-.scope")]
    [InlineData("/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("/docker/x" + Id)]
    [InlineData("/docker/123")]
    [InlineData("////_/")]
    public void Everything_else_goes_by_process(string path) => Assert.Equal(new CgroupName(CgroupKind.Process, ""), CgroupName.Parse(path));

    [Fact]
    public void Any_text_is_accepted()
    {
        var random = new Random(3);
        string alphabet = "/\\x2d_-.:scopeservicelxc\0é" + "0123456789abcdef";
        for (int round = 0; round < 50_000; round++)
        {
            string path = string.Create(random.Next(120), random, (span, source) =>
            {
                foreach (ref char c in span)
                {
                    c = alphabet[source.Next(alphabet.Length)];
                }
            });
            _ = CgroupName.Parse(path);
        }
    }
}
