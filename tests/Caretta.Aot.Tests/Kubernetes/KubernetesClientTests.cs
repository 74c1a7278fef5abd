using System.Diagnostics;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Kubernetes;
using Xunit;

namespace Caretta.Aot.Tests.Kubernetes;

public sealed class KubernetesClientTests : IDisposable
{
    private readonly Recorder<PodObject> _pods = new(static pod => pod.Name);
    private readonly Recorder<ServiceObject> _services = new(static service => service.Name);
    private readonly Recorder<NodeObject> _nodes = new(static node => node.Name);
    private readonly Recorder<EndpointSliceObject> _slices = new(static slice => slice.ServiceName);
    private readonly StringWriter _log = new();

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task All_types_are_reflected_and_one_that_is_denied_does_not_stop_the_others(bool withSlices)
    {
        using var server = new FakeApiServer(static async exchange =>
        {
            string object_ = exchange.Path switch
            {
                "/api/v1/pods" => Samples.Pod(1),
                "/api/v1/services" => """{"metadata":{"name":"web","namespace":"n","uid":"u","resourceVersion":"1"}}""",
                "/apis/discovery.k8s.io/v1/endpointslices" =>
                    """{"metadata":{"name":"web-x","namespace":"n","uid":"u","resourceVersion":"1","labels":{"kubernetes.io/service-name":"web"}}}""",
                _ => "",
            };
            if (object_.Length == 0)
            {
                await exchange.StatusAsync(403, "nodes is forbidden");
                return;
            }

            if (!exchange.IsWatch)
            {
                await exchange.JsonAsync(Samples.List(object_));
                return;
            }

            await exchange.BeginStreamAsync();
            await exchange.HangAsync();
        });
        var sinks = new KubernetesSinks(_pods, _services, _nodes, withSlices ? _slices : null);
        long began;
        using (var client = new KubernetesClient(server.Config(), sinks, new KubernetesOptions(), new Log(_log, TimeProvider.System)))
        {
            Assert.False(client.IsSettled);
            client.Start();
            await Recorder<PodObject>.Until(() => client.IsSettled, () => Assert.True(client.IsSettled));
            Assert.Equal(["Reset", "Upserted pod-1", "Synced"], _pods.Changes);
            Assert.Equal(["Reset", "Upserted web", "Synced"], _services.Changes);
            Assert.All(_nodes.Changes, static change => Assert.Equal("Reset", change));
            Assert.Equal(withSlices ? ["Reset", "Upserted web", "Synced"] : [], _slices.Changes);
            Assert.Equal(withSlices ? 4 : 3, client.TypeCount);
            Assert.Equal(["pods", "services", "nodes"], Enumerable.Range(0, 3).Select(type => client.Status(type).Resource));
            Assert.True(client.Status(2).IsDenied);
            Assert.InRange(client.Requests, client.TypeCount, 2 * client.TypeCount);
            Assert.InRange(client.BytesReceived, 100, 10_000);
            began = Stopwatch.GetTimestamp();
        }

        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 5);
        Assert.Contains("nodes are not available", Assert.Single(_log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changes_go_to_the_sink_without_waiting_for_more()
    {
        var sent = new SemaphoreSlim(0);
        using var server = new FakeApiServer(async exchange =>
        {
            if (!exchange.IsWatch)
            {
                await exchange.JsonAsync(Samples.List(""));
                return;
            }

            await exchange.BeginStreamAsync();
            for (int i = 1; ; i++)
            {
                await sent.WaitAsync();
                await exchange.WriteAsync(Samples.Event("ADDED", Samples.Pod(i, 110 + i)).TrimEnd());
            }
        });
        using var client = new KubernetesClient(
            server.Config(), new KubernetesSinks(_pods, _services, _nodes, null), new KubernetesOptions(), new Log(_log, TimeProvider.System));
        client.Start();
        await _pods.WaitAsync("Reset", "Synced");
        sent.Release(3);
        await Recorder<PodObject>.Until(
            () => client.Status(0).Events + client.Status(1).Events + client.Status(2).Events == 3,
            () => Assert.Equal(3, client.Status(0).Events + client.Status(1).Events + client.Status(2).Events));
    }
}
