using System.Collections.Concurrent;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Kubernetes;
using Xunit;

namespace Caretta.Aot.Tests.Kubernetes;

public sealed class OwnerLookupTests : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Func<FakeExchange, Task>> _objects = [];
    private readonly ShiftedTime _time = new();
    private readonly StringWriter _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeApiServer _server;
    private ApiClient? _client;
    private OwnerLookup? _owners;
    private Task _running = Task.CompletedTask;

    public OwnerLookupTests() => _server = new FakeApiServer(exchange => _objects.TryGetValue(exchange.Path, out Func<FakeExchange, Task>? answer)
        ? answer(exchange)
        : exchange.StatusAsync(404, "not found"));

    private OwnerLookup Owners => _owners!;

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        await _running;
        _client?.Dispose();
        _server.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task A_replica_set_leads_to_its_deployment()
    {
        string? accept = null;
        Serve("/apis/apps/v1/namespaces/shop/replicasets/web-1", 1, Reference("apps/v1", "Deployment", "web", 2), exchange => accept = exchange.Headers["Accept"]);
        Serve("/apis/apps/v1/namespaces/shop/deployments/web", 2);
        Start();
        Assert.Equal(Reference("apps/v1", "Deployment", "web", 2), await Top(Reference("apps/v1", "ReplicaSet", "web-1", 1)));
        Assert.Equal("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", accept);
        Assert.Equal(1, Owners.Epoch);
        Assert.Equal((1, 0, 1, 0, 0), (Owners.Status.Known, Owners.Status.Waiting, Owners.Status.Answered, Owners.Status.Refused, Owners.Status.Failures));
    }

    [Fact]
    public async Task Jobs_lead_to_their_cron_job_and_controllers_of_other_groups_are_found_by_discovery()
    {
        Serve("/apis/batch/v1/namespaces/shop/jobs/nightly-1", 1, Reference("batch/v1", "CronJob", "nightly", 2));
        Serve("/apis/batch/v1/namespaces/shop/cronjobs/nightly", 2);
        Serve("/api/v1/namespaces/shop/replicationcontrollers/dc-1", 3, Reference("apps.openshift.io/v1", "DeploymentConfig", "dc", 4));
        Serve("/apis/apps.openshift.io/v1/namespaces/shop/deploymentconfigs/dc", 4);
        Serve("/apis/apps/v1/namespaces/shop/replicasets/r-1", 5, Reference("argoproj.io/v1alpha1", "Rollout", "r", 6));
        Serve("/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/r", 6, Reference("example.com/v1", "Fleet", "all", 7));
        Serve("/apis/example.com/v1/fleets/all", 7);
        Discover("apps.openshift.io/v1", """{"name":"deploymentconfigs/scale","kind":"DeploymentConfig","namespaced":true},{"name":"deploymentconfigs","kind":"DeploymentConfig","namespaced":true}""");
        Discover("argoproj.io/v1alpha1", """{"name":"rollouts","singularName":"rollout","namespaced":true,"kind":"Rollout","verbs":["get"]},{"name":"rollouts/status","kind":"Rollout","namespaced":true}""");
        Discover("example.com/v1", """{"name":"fleets","kind":"Fleet","namespaced":false}""");
        Start();
        Assert.Equal("nightly", (await Top(Reference("batch/v1", "Job", "nightly-1", 1))).Name);
        Assert.Equal("DeploymentConfig", (await Top(Reference("v1", "ReplicationController", "dc-1", 3))).Kind);
        Assert.Equal("Fleet", (await Top(Reference("apps/v1", "ReplicaSet", "r-1", 5))).Kind);
        Assert.Equal("Fleet", (await Top(Reference("argoproj.io/v1alpha1", "Rollout", "r", 6))).Kind);
        Assert.Single(_server.Requests, "/apis/argoproj.io/v1alpha1");
    }

    [Fact]
    public async Task A_static_pods_node_is_not_asked_for()
    {
        Start();
        Assert.Equal("node-1", (await Top(Reference("v1", "Node", "node-1", 1))).Name);
        Assert.Empty(_server.Requests);
    }

    [Theory]
    [InlineData("apps/v1", "ReplicaSet", "gone")]
    [InlineData("example.com/v1", "Unknown", "x")]
    [InlineData("apps/v1", "ReplicaSet", "../../secrets")]
    [InlineData("apps/v1", "ReplicaSet", "..")]
    [InlineData("../../api/v1", "Thing", "x")]
    [InlineData("a/b/c", "Thing", "x")]
    [InlineData("", "Thing", "x")]
    public async Task An_owner_that_cannot_be_found_stands_for_itself(string version, string kind, string name)
    {
        Start();
        OwnerReference reference = Reference(version, kind, name, 1);
        Assert.Equal(reference, await Top(reference));
        Assert.Equal(1, Owners.Status.Refused);
        Assert.All(_server.Requests, static request => Assert.StartsWith("/apis/", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_object_of_the_same_name_is_not_the_owner()
    {
        Serve("/apis/apps/v1/namespaces/shop/replicasets/web-1", 9, Reference("apps/v1", "Deployment", "web", 2));
        Start();
        Assert.Equal("web-1", (await Top(Reference("apps/v1", "ReplicaSet", "web-1", 1))).Name);
    }

    [Fact]
    public async Task A_refusal_names_the_missing_rule_once_and_is_tried_again_later()
    {
        _objects["/apis/apps/v1/namespaces/shop/replicasets/web-1"] = static exchange => exchange.StatusAsync(403, "forbidden");
        Start();
        OwnerReference reference = Reference("apps/v1", "ReplicaSet", "web-1", 1);
        Assert.Equal("web-1", (await Top(reference)).Name);
        Assert.Contains("needs the verb get on replicasets of apps/v1", _log.ToString(), StringComparison.Ordinal);
        Assert.Equal("web-1", (await Top(reference)).Name);
        Assert.Single(_server.Requests);
        Serve("/apis/apps/v1/namespaces/shop/replicasets/web-1", 1, Reference("apps/v1", "Deployment", "web", 2));
        Serve("/apis/apps/v1/namespaces/shop/deployments/web", 2);
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.True(Owners.TryGetTop("shop", reference, out OwnerReference? meanwhile));
        Assert.Equal("web-1", meanwhile.Name);
        await Until(() => Owners.Epoch == 2);
        Assert.Equal("web", (await Top(reference)).Name);
    }

    [Fact]
    public async Task Circles_and_long_chains_end()
    {
        Serve("/apis/apps/v1/namespaces/shop/replicasets/a", 1, Reference("apps/v1", "ReplicaSet", "b", 2));
        Serve("/apis/apps/v1/namespaces/shop/replicasets/b", 2, Reference("apps/v1", "ReplicaSet", "a", 1));
        for (int i = 10; i < 30; i++)
        {
            Serve($"/apis/apps/v1/namespaces/shop/replicasets/c{i}", i, Reference("apps/v1", "ReplicaSet", $"c{i + 1}", i + 1));
        }

        Start();
        Assert.Equal("b", (await Top(Reference("apps/v1", "ReplicaSet", "a", 1))).Name);
        Assert.Equal("c17", (await Top(Reference("apps/v1", "ReplicaSet", "c10", 10))).Name);
    }

    [Fact]
    public async Task Two_requests_run_at_a_time_and_an_answer_is_asked_for_once()
    {
        int running = 0;
        int most = 0;
        var hold = new SemaphoreSlim(0);
        for (int i = 1; i <= 10; i++)
        {
            int number = i;
            _objects[$"/apis/apps/v1/namespaces/shop/statefulsets/s{i}"] = async exchange =>
            {
                most = Math.Max(most, Interlocked.Increment(ref running));
                await hold.WaitAsync();
                Interlocked.Decrement(ref running);
                await exchange.JsonAsync(Object(number, null));
            };
        }

        Start();
        OwnerReference[] references = [.. Enumerable.Range(1, 10).Select(static i => Reference("apps/v1", "StatefulSet", $"s{i}", i))];
        for (int round = 0; round < 3; round++)
        {
            Assert.All(references, reference => Assert.False(Owners.TryGetTop("shop", reference, out _)));
        }

        await Until(() => running == 2);
        Assert.Equal(10, Owners.Status.Waiting);
        hold.Release(10);
        await Until(() => Owners.Epoch == 10);
        Assert.Equal(2, most);
        Assert.Equal(10, _server.Requests.Count);
        Assert.All(references, reference => Assert.True(Owners.TryGetTop("shop", reference, out _)));
    }

    [Fact]
    public async Task Failures_are_repeated_but_one_bad_object_does_not_hold_up_the_rest()
    {
        int attempts = 0;
        _objects["/apis/apps/v1/namespaces/shop/statefulsets/flaky"] = exchange =>
            ++attempts < 3 ? exchange.StatusAsync(503, "starting") : exchange.JsonAsync(Object(1, Reference("x.example/v1", "Db", "main", 5)));
        _objects["/apis/apps/v1/namespaces/shop/statefulsets/bad"] = static exchange => exchange.JsonAsync("{\"metadata\":");
        Start();
        Assert.Equal("main", (await Top(Reference("apps/v1", "StatefulSet", "flaky", 1))).Name);
        Assert.Equal("bad", (await Top(Reference("apps/v1", "StatefulSet", "bad", 2))).Name);
        Assert.Equal(5, Owners.Status.Failures);
    }

    [Fact]
    public async Task Memory_is_bounded_and_the_least_used_is_forgotten()
    {
        Start(new OwnerLookupOptions { Capacity = 80, MaxWaiting = 10 });
        OwnerReference used = Reference("v1", "Node", "used", 9999);
        await Top(used);
        for (int i = 1; i <= 500; i++)
        {
            await Top(Reference("v1", "Node", $"n{i}", i));
            Assert.True(Owners.TryGetTop("shop", used, out _));
            Assert.InRange(Owners.Status.Known, 1, 81);
        }
    }

    [Fact]
    public async Task A_known_answer_costs_no_memory()
    {
        Start();
        OwnerReference reference = Reference("v1", "Node", "n", 1);
        await Top(reference);
        Ask(reference);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Ask(reference);
        long after = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(0, after - before);
    }

    private static OwnerReference Reference(string version, string kind, string name, int uid) => new(version, kind, name, Uid.Parse(Samples.Uid(uid)));

    private static string Object(int uid, OwnerReference? controller)
    {
        string owners = controller is null ? "" : $$"""
            ,"ownerReferences":[{"apiVersion":"{{controller.ApiVersion}}","kind":"{{controller.Kind}}","name":"{{controller.Name}}","uid":"{{controller.Uid}}","controller":true}]
            """;
        return $$$"""{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"x","uid":"{{{Samples.Uid(uid)}}}"{{{owners}}}}}""";
    }

    private static Task Until(Func<bool> condition) => Recorder<PodObject>.Until(condition, () => Assert.True(condition()));

    private void Ask(OwnerReference reference)
    {
        for (int i = 0; i < 100; i++)
        {
            Assert.True(Owners.TryGetTop("shop", reference, out _));
        }
    }

    private void Serve(string path, int uid, OwnerReference? controller = null, Action<FakeExchange>? look = null) => _objects[path] = exchange =>
    {
        look?.Invoke(exchange);
        return exchange.JsonAsync(Object(uid, controller));
    };

    private void Discover(string version, string resources) => _objects[$"/apis/{version}"] = exchange =>
        exchange.JsonAsync($$"""{"kind":"APIResourceList","groupVersion":"{{version}}","resources":[{{resources}}]}""");

    private async Task<OwnerReference> Top(OwnerReference controller)
    {
        OwnerReference? top = null;
        await Until(() => Owners.TryGetTop("shop", controller, out top));
        return top!;
    }

    private void Start(OwnerLookupOptions? options = null)
    {
        options ??= new OwnerLookupOptions();
        _client = new ApiClient(_server.Config(), new ApiClientOptions { Time = _time });
        _owners = new OwnerLookup(
            _client, options with { FirstDelay = TimeSpan.FromMilliseconds(5), MaxDelay = TimeSpan.FromMilliseconds(20) }, new Random(1), new Log(_log, TimeProvider.System));
        _running = _owners.RunAsync(_stop.Token);
    }
}
