using Caretta.Aot.Host;
using Xunit;

namespace Caretta.Aot.Tests.Host;

public sealed class ContainerNamesTests : IDisposable
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string OtherId = "ffff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("caretta-containers-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Docker_tells_the_name()
    {
        Write($"var/lib/docker/containers/{Id}/config.v2.json",
            """{"Config":{"Name":"wrong","Labels":{"Name":"wrong"}},"List":[{"Name":"wrong"}],"Name":"/web","Driver":"overlay2"}""");
        Assert.Equal("web", Find(Id));
    }

    [Fact]
    public void Podman_tells_the_name()
    {
        Write("var/lib/containers/storage/overlay-containers/containers.json",
            $$$"""[{"id":"{{{OtherId}}}","names":["other"],"layer":"1"},{"names":["web","alias"],"id":"{{{Id}}}","flags":{"id":"x","names":["y"]}},{"id":"1"}]""");
        Assert.Equal("web", Find(Id));
        Assert.Equal("other", Find(OtherId));
    }

    [Fact]
    public void Podman_may_list_a_container_without_a_name()
    {
        Write("var/lib/containers/storage/overlay-containers/containers.json",
            $$$"""[{"id":"{{{OtherId}}}","names":["other"]},{"id":"{{{Id}}}"},{"id":"1","names":["late"]}]""");
        Assert.Equal("0123456789ab", Find(Id));
    }

    [Theory]
    [InlineData("default", "nerdctl/name")]
    [InlineData("k8s.io", "io.kubernetes.cri.container-name")]
    public void Containerd_tells_the_name(string space, string annotation)
    {
        Write($"run/containerd/io.containerd.runtime.v2.task/{space}/{Id}/config.json",
            $$$"""{"ociVersion":"1","process":{"{{{annotation}}}":"wrong"},"annotations":{"a":"b","{{{annotation}}}":"web"},"linux":{"{{{annotation}}}":"wrong"}}""");
        Assert.Equal("web", Find(Id));
    }

    [Fact]
    public void Without_a_file_the_id_is_cut_as_the_tools_cut_it() => Assert.Equal("0123456789ab", Find(Id));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"Name\":")]
    [InlineData("{\"Name\":5}")]
    [InlineData("{\"Name\":\"\"}")]
    [InlineData("{\"Name\":\"\\ud800\"}")]
    public void A_broken_file_is_no_worse_than_none(string json)
    {
        Write($"var/lib/docker/containers/{Id}/config.v2.json", json);
        Write("var/lib/containers/storage/overlay-containers/containers.json", json);
        Write($"run/containerd/io.containerd.runtime.v2.task/default/{Id}/config.json", json);
        Assert.Equal("0123456789ab", Find(Id));
    }

    private string Find(string id) => new ContainerNames(_root.FullName).Find(id);

    private void Write(string path, string content)
    {
        string full = Path.Combine(_root.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }
}
