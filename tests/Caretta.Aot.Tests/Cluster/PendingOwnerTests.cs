using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Links;
using Xunit;
using static Caretta.Aot.Tests.Cluster.ClusterFixture;

namespace Caretta.Aot.Tests.Cluster;

/// <summary>That bytes whose pod is known, and whose owner is still being looked up, stay that pod's whatever happens to its address.</summary>
public sealed class PendingOwnerTests
{
    private const string Me = "node/node/" + ThisNode;

    private readonly ClusterFixture _cluster = new();

    [Fact]
    public void An_address_that_changes_hands_while_its_owner_is_looked_up_takes_no_byte_along()
    {
        (PodObject old, OwnerReference controller) = PendingPod("old");
        _cluster.Add(old);
        _cluster.Poll();
        _cluster.Poll(Key("10.0.0.1"), 100);
        _cluster.Delete(old);
        _cluster.Poll(Key("10.0.0.1"), 20);
        _cluster.Poll(Key("10.0.0.1"), 3);                  // nobody's for now
        _cluster.Add(_cluster.Pod("young-1", "young", "10.0.0.1"));
        _cluster.Poll(Key("10.0.0.1"), 4);
        Assert.Equal([$"{Me}→demo/Deployment/young:80=7"], _cluster.Shown());
        Assert.Equal(120ul, _cluster.Table.HeldSentBytes);
        Learn(controller, "old");
        _cluster.Poll(Key("10.0.0.1"), 5);
        Assert.Equal([$"{Me}→demo/Deployment/old:80=120", $"{Me}→demo/Deployment/young:80=12"], _cluster.Shown());
        Assert.Equal(0ul, _cluster.Table.HeldSentBytes);
    }

    [Fact]
    public void Two_holders_in_a_row_whose_owners_are_looked_up_are_told_apart()
    {
        (PodObject old, OwnerReference first) = PendingPod("old");
        (PodObject young, OwnerReference second) = PendingPod("young");
        _cluster.Add(old);
        _cluster.Poll();
        _cluster.Poll(Key("10.0.0.1"), 100);
        _cluster.Delete(old);
        _cluster.Add(young);
        _cluster.Poll();
        _cluster.Poll(Key("10.0.0.1"), 7);
        Learn(second, "young");
        _cluster.Poll();
        Assert.Equal([$"{Me}→demo/Deployment/young:80=7"], _cluster.Shown());
        Learn(first, "old");
        _cluster.Poll();
        Assert.Equal([$"{Me}→demo/Deployment/old:80=100", $"{Me}→demo/Deployment/young:80=7"], _cluster.Shown());
    }

    [Fact]
    public void A_new_pod_that_loses_its_address_at_once_keeps_what_waited_for_it()
    {
        _cluster.Add(_cluster.Pod("other-1", "other", "10.0.0.9"));
        _cluster.Poll();
        (PodObject old, OwnerReference controller) = PendingPod("old");
        _cluster.Poll(Key("10.0.0.1"), 100);

        // The server tells of all of it between two polls.
        _cluster.Add(old);
        _cluster.Add(_cluster.Pod("young-1", "young", "10.0.0.1") with { CreatedSeconds = 9 });
        _cluster.Poll();
        _cluster.Poll(Key("10.0.0.1"), 7);
        Learn(controller, "old");
        _cluster.Poll();
        Assert.Equal([$"{Me}→demo/Deployment/old:80=100", $"{Me}→demo/Deployment/young:80=7"], _cluster.Shown());
    }

    [Fact]
    public void The_direct_controller_of_the_former_holder_stands_in_when_its_owner_never_comes()
    {
        (PodObject old, _) = PendingPod("old");
        _cluster.Add(old);
        _cluster.Poll();
        _cluster.Poll(Key("10.0.0.1"), 100);
        _cluster.Delete(old);
        _cluster.Add(_cluster.Pod("young-1", "young", "10.0.0.1"));
        _cluster.Poll();
        _cluster.Time.Advance(TimeSpan.FromSeconds(5));
        _cluster.Poll(Key("10.0.0.1"), 1);
        Assert.Equal([$"{Me}→demo/Deployment/young:80=1", $"{Me}→demo/ReplicaSet/old-5d4f:80=100"], _cluster.Shown());
        Assert.Equal(1ul, _cluster.Names.UnresolvedEnds);
    }

    [Fact]
    public void A_connection_that_outlives_its_holder_is_counted_as_open_once()
    {
        (PodObject old, OwnerReference controller) = PendingPod("old");
        LinkKey key = Key("10.0.0.1");
        _cluster.Add(old);
        _cluster.Poll();
        _cluster.Poll([key], [new LinkDelta(100, 0, Opened: 2, 0, 0, 0)]);
        _cluster.Delete(old);
        _cluster.Add(_cluster.Pod("young-1", "young", "10.0.0.1"));
        _cluster.Poll();
        _cluster.Poll([key], [new LinkDelta(1, 0, Opened: 1, Closed: 1, 0, 0)]);
        Learn(controller, "old");
        _cluster.Poll();
        Assert.Equal(2, _cluster.Table.Columns.Open.ToArray().Sum());
        Assert.Equal(3, _cluster.Table.Columns.Opened.ToArray().Sum(static opened => (long)opened));
        _cluster.Poll([key], [new LinkDelta(0, 0, 0, Closed: 2, 0, 0)]);
        Assert.Equal(0, _cluster.Table.Columns.Open.ToArray().Sum());
    }

    [Fact]
    public void A_local_address_that_is_nobodys_for_now_waits_for_its_next_holder()
    {
        PodObject old = _cluster.Pod("old-1", "old", "10.0.0.1");
        LinkKey key = Key("203.0.113.1", local: "10.0.0.1");
        _cluster.Add(old);
        _cluster.Poll();
        _cluster.Poll(key, 100);
        _cluster.Delete(old);
        _cluster.Poll(key, 20);
        _cluster.Poll(key, 3);
        _cluster.Add(_cluster.Pod("young-1", "young", "10.0.0.1"));
        _cluster.Poll(key, 4);
        Assert.Equal(
            ["demo/Deployment/old→external/external/203.0.113.1:80=120", "demo/Deployment/young→external/external/203.0.113.1:80=7"],
            _cluster.Shown());
    }

    [Fact]
    public void A_place_that_is_used_again_is_another_holder()
    {
        (PodObject old, _) = PendingPod("old");
        _cluster.Add(old);
        _cluster.Poll();
        Assert.True(_cluster.Index.TryFindPod(old.Uid, out int place));
        long holder = _cluster.Index.HolderOf(place);
        _cluster.Delete(old);
        _cluster.Poll();
        Assert.True(_cluster.Index.TryFindHolder(holder, out _));
        _cluster.Time.Advance(TimeSpan.FromMinutes(2));
        _cluster.Poll();
        Assert.False(_cluster.Index.TryFindHolder(holder, out _));
        PodObject young = _cluster.Pod("young-1", "young", "10.0.0.1");
        _cluster.Add(young);
        _cluster.Poll();
        Assert.True(_cluster.Index.TryFindPod(young.Uid, out int again));
        Assert.Equal(place, again);
        Assert.False(_cluster.Index.TryFindHolder(holder, out _));
        Assert.False(_cluster.Index.TryFindHolder(0, out _));
    }

    private (PodObject Pod, OwnerReference Controller) PendingPod(string deployment)
    {
        OwnerReference controller = _cluster.Controller("ReplicaSet", deployment + "-5d4f");
        return (_cluster.Pod(deployment + "-1", null, "10.0.0.1") with { Controller = controller }, controller);
    }

    private void Learn(OwnerReference controller, string deployment) =>
        _cluster.Owners.Learn(controller, new OwnerReference("apps/v1", "Deployment", deployment, _cluster.NewUid()));
}
