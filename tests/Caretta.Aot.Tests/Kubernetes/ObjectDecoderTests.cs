using System.Text;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;
using Caretta.Aot.Kubernetes;
using Xunit;

namespace Caretta.Aot.Tests.Kubernetes;

public sealed class ObjectDecoderTests
{
    [Fact]
    public async Task Of_a_pod_what_is_used_is_kept()
    {
        PodObject pod = Assert.Single(await Decode(new PodDecoder(), """
            {"metadata":{"name":"web-1","namespace":"shop","uid":"0f8fad5b-d9cb-469f-a165-70867728950e","resourceVersion":"7","creationTimestamp":"2024-05-06T07:08:09Z",
             "ownerReferences":[{"apiVersion":"v1","kind":"Thing","name":"no","uid":"x"},{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"1f8fad5b-d9cb-469f-a165-70867728950e","controller":true}],
             "annotations":{"other":"x","kubernetes.io/config.hash":"00112233445566778899aabbccddeeff"},"deletionTimestamp":"2024-05-06T07:08:09Z"},
             "spec":{"nodeName":"node-a","hostNetwork":true,"containers":[{"name":"podIP"}]},
             "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}]}}
            """));
        Assert.Equal("0f8fad5b-d9cb-469f-a165-70867728950e", pod.Uid.ToString());
        Assert.Equal(("web-1", "shop", "node-a"), (pod.Name, pod.Namespace, pod.NodeName));
        Assert.Equal(new OwnerReference("apps/v1", "ReplicaSet", "web", Uid.Parse("1f8fad5b-d9cb-469f-a165-70867728950e")), pod.Controller);
        Assert.Equal(["10.0.0.1", "fd00::1"], pod.Addresses.Select(address => address.ToString()));
        Assert.True(pod.HostNetwork);
        Assert.True(pod.IsTerminating);
        Assert.False(pod.IsTerminated);
        Assert.Equal(1714979289, pod.CreatedSeconds);
        Assert.Equal(Uid.Parse("00112233445566778899aabbccddeeff"), pod.ConfigHash);
    }

    [Theory]
    [InlineData("Pending", false)]
    [InlineData("Unknown", false)]
    [InlineData("Succeeded", true)]
    [InlineData("Failed", true)]
    public async Task A_pod_that_has_ended_is_known_by_its_phase(string phase, bool ended)
    {
        PodObject pod = Assert.Single(await Decode(new PodDecoder(), $$$"""{"metadata":{"name":"a","uid":"u"},"spec":{},"status":{"phase":"{{{phase}}}"}}"""));
        Assert.Equal(ended, pod.IsTerminated);
        Assert.Null(pod.NodeName);
        Assert.Null(pod.Controller);
        Assert.Empty(pod.Addresses);
        Assert.True(pod.ConfigHash.IsNone);
    }

    [Fact]
    public async Task Of_a_service_every_address_is_kept_once()
    {
        List<ServiceObject> services = await Decode(
            new ServiceDecoder(),
            """{"metadata":{"name":"a","namespace":"n","uid":"u1"},"spec":{"clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1","fd00::5"],"externalIPs":["203.0.113.1"]},"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.2"},{"hostname":"lb.example.com"}]}}}""",
            """{"metadata":{"name":"b","namespace":"n","uid":"u2"},"spec":{"clusterIP":"None","clusterIPs":["None"]},"status":{"loadBalancer":{}}}""");
        Assert.Equal(["10.96.0.1", "fd00::5", "203.0.113.1", "203.0.113.2"], services[0].Addresses.Select(address => address.ToString()));
        Assert.False(services[0].IsHeadless);
        Assert.Empty(services[0].SharedPorts);
        Assert.Empty(services[1].Addresses);
        Assert.True(services[1].IsHeadless);
    }

    [Fact]
    public async Task Of_a_service_that_may_share_an_address_the_ports_for_tcp_are_kept()
    {
        const string Ports = """ "ports":[{"port":80},{"port":443,"protocol":"TCP","name":"tls"},{"protocol":"UDP","port":53},{"port":70000},{"port":"x"},{}] """;
        List<ServiceObject> services = await Decode(
            new ServiceDecoder(),
            $$$"""{"metadata":{"name":"a","uid":"u1"},"spec":{"clusterIP":"10.96.0.1",{{{Ports}}} },"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.2"}]} } }""",
            $$$"""{"metadata":{"name":"b","uid":"u2"},"spec":{ {{{Ports}}},"externalIPs":["203.0.113.2"]} }""",
            $$$"""{"metadata":{"name":"c","uid":"u3"},"spec":{"clusterIP":"10.96.0.3",{{{Ports}}} } }""");
        Assert.Equal([80, 443], services[0].SharedPorts);
        Assert.Equal([80, 443], services[1].SharedPorts);
        Assert.Empty(services[2].SharedPorts);
    }

    [Fact]
    public async Task Of_a_node_addresses_are_kept_and_names_are_not()
    {
        NodeObject node = Assert.Single(await Decode(
            new NodeDecoder(),
            """{"metadata":{"name":"n1","uid":"u"},"status":{"addresses":[{"type":"InternalIP","address":"192.168.0.7"},{"type":"Hostname","address":"n1.example"}]}}"""));
        Assert.Equal("192.168.0.7", Assert.Single(node.Addresses).ToString());
    }

    [Fact]
    public async Task Of_a_slice_every_address_knows_its_target()
    {
        EndpointSliceObject slice = Assert.Single(await Decode(
            new EndpointSliceDecoder(),
            """
            {"metadata":{"name":"s-x","namespace":"n","uid":"u","labels":{"kubernetes.io/service-name":"s"}},"addressType":"IPv4","endpoints":[
             {"addresses":["10.0.0.1","10.0.0.2"],"conditions":{"ready":true},"targetRef":{"kind":"Pod","name":"p","namespace":"n","uid":"0f8fad5b-d9cb-469f-a165-70867728950e"}},
             {"addresses":["10.0.0.3"]}],"ports":[]}
            """));
        Assert.Equal("s", slice.ServiceName);
        Assert.Equal(3, slice.Endpoints.Length);
        Assert.All(slice.Endpoints[..2], endpoint => Assert.Equal(("Pod", "p"), (endpoint.TargetKind, endpoint.TargetName)));
        Assert.Equal("10.0.0.2", slice.Endpoints[1].Address.ToString());
        Assert.Null(slice.Endpoints[2].TargetName);
        Assert.True(slice.Endpoints[2].TargetUid.IsNone);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":5,"uid":"u"}}""")]
    [InlineData("""{"metadata":{"name":"x","uid":[]}}""")]
    [InlineData("""{"metadata":{"name":{"a":1},"uid":"u"}}""")]
    [InlineData("""{"metadata":"x"}""")]
    [InlineData("""{"metadata":{"name":"x","uid":"u"},"status":[1]}""")]
    [InlineData("""{"metadata":{"name":"x","uid":"u"},"status":{"podIP":7}}""")]
    [InlineData("""{"metadata":{"name":"x","uid":"u"},"status":{"podIPs":{"ip":"10.0.0.1"}}}""")]
    [InlineData("""{"metadata":{"name":"x","uid":"u"},"spec":{"hostNetwork":"yes"}}""")]
    [InlineData("""{"metadata":{"name":"x","uid":"u","ownerReferences":[3]}}""")]
    [InlineData("""{"metadata":{"name":"\ud800","uid":"u"}}""")]
    [InlineData("""{"metadata":{"uid":"u"}}""")]
    [InlineData("""{"metadata":{"name":"x"}}""")]
    [InlineData("{}")]
    [InlineData("7")]
    [InlineData("[[[]]]")]
    [InlineData("\"text\"")]
    public async Task An_object_of_wrong_types_is_left_out_and_the_rest_goes_on(string bad)
    {
        List<PodObject> pods = [];
        ListPage<PodObject> page = await Read(new PodDecoder(), pods.Add, $"{Samples.Pod(1)},{bad},{Samples.Pod(2)}");
        Assert.Equal(["pod-1", "pod-2"], pods.Select(pod => pod.Name));
        Assert.Equal(1, page.Skipped);
    }

    [Fact]
    public async Task Null_is_nothing()
    {
        PodObject pod = Assert.Single(await Decode(
            new PodDecoder(), """{"metadata":{"name":"x","uid":"u","ownerReferences":null,"annotations":null,"deletionTimestamp":null},"spec":null,"status":null}"""));
        Assert.False(pod.IsTerminating);
    }

    [Fact]
    public async Task Repeated_text_and_owners_are_shared()
    {
        List<PodObject> pods = await Decode(new PodDecoder(), Samples.FullPod(3), Samples.FullPod(4));
        Assert.NotNull(pods[0].Controller);
        Assert.Same(pods[0].Controller, pods[1].Controller);
        List<PodObject> same = await Decode(new PodDecoder(), Samples.Pod(1), Samples.Pod(2));
        Assert.Same(same[0].Namespace, same[1].Namespace);
        Assert.Same(same[0].NodeName, same[1].NodeName);
    }

    [Theory]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950e", true)]
    [InlineData("0f8fad5b_d9cb_469f_a165_70867728950e", true)]
    [InlineData("0F8FAD5BD9CB469FA16570867728950E", true)]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950", false)]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950ee", false)]
    [InlineData("some-other-form", false)]
    public void A_uid_is_its_number_or_a_hash(string text, bool isNumber)
    {
        Assert.Equal(isNumber, Uid.Parse(text) == Uid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"));
        Assert.Equal(Uid.Parse(text), Uid.Parse(Encoding.UTF8.GetBytes(text)));
        Assert.False(Uid.Parse(text).IsNone);
        Assert.True(Uid.Parse("").IsNone);
    }

    private static async Task<List<T>> Decode<T>(ObjectDecoder<T> decoder, params string[] items)
        where T : class
    {
        List<T> decoded = [];
        ListPage<T> page = await Read(decoder, decoded.Add, string.Join(',', items));
        Assert.Equal(0, page.Skipped);
        return decoded;
    }

    private static async Task<ListPage<T>> Read<T>(ObjectDecoder<T> decoder, Action<T> onItem, string items)
        where T : class
    {
        var page = new ListPage<T>(decoder, onItem);
        var json = new JsonStream(new JsonLimits());
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(Samples.List(items)));
        await json.ReadAsync(stream, page.Shape, page, CancellationToken.None);
        page.CheckComplete(json.Values);
        return page;
    }
}
