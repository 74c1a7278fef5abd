using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Links;
using Xunit;
using static Caretta.Aot.Tests.Cluster.ClusterFixture;

namespace Caretta.Aot.Tests.Cluster;

/// <summary>That each byte goes under the name that was right when it was counted, and none is lost on the way.</summary>
public sealed class TimeTests
{
    private const string Me = "node/node/" + ThisNode;

    [Fact]
    public void An_address_that_changes_hands_while_bytes_flow_splits_them_exactly()
    {
        var cluster = new ClusterFixture();
        PodObject old = cluster.Pod("old-1", "old", "10.0.0.1");
        PodObject young = cluster.Pod("young-1", "young", "10.0.0.1");
        LinkKey key = Key("10.0.0.1");
        cluster.Add(old);
        cluster.Poll();
        cluster.Poll(key, 100);
        cluster.Delete(old);
        cluster.Poll(key, 20);                  // drained before the deletion is applied: still the old one's
        Assert.Equal([$"{Me}→demo/Deployment/old:80=120"], cluster.Shown());
        cluster.Poll(key, 3);                   // nobody's for now
        Assert.Equal(3ul, cluster.Table.HeldSentBytes);
        Assert.Equal(123ul, cluster.AllSent());
        cluster.Add(young);
        cluster.Poll(key, 4);
        Assert.Equal([$"{Me}→demo/Deployment/old:80=120", $"{Me}→demo/Deployment/young:80=7"], cluster.Shown());
        cluster.Poll(key, 5);
        Assert.Equal([$"{Me}→demo/Deployment/old:80=120", $"{Me}→demo/Deployment/young:80=12"], cluster.Shown());
        Assert.Equal(0ul, cluster.Table.HeldSentBytes);
    }

    [Fact]
    public void Bytes_to_an_address_that_stays_vacant_go_to_its_last_owner()
    {
        var cluster = new ClusterFixture();
        PodObject old = cluster.Pod("old-1", "old", "10.0.0.1");
        cluster.Add(old);
        cluster.Poll();
        cluster.Delete(old);
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 7);
        cluster.Time.Advance(TimeSpan.FromSeconds(29));
        cluster.Poll();
        Assert.Empty(cluster.Shown());
        cluster.Time.Advance(TimeSpan.FromSeconds(1));
        cluster.Poll();
        Assert.Equal([$"{Me}→demo/Deployment/old:80=7"], cluster.Shown());
    }

    [Fact]
    public void A_pod_that_is_being_deleted_keeps_its_address_and_one_that_ended_does_not()
    {
        var cluster = new ClusterFixture();
        PodObject job = cluster.Pod("job-1", "job", "10.0.0.1");
        cluster.Add(job);
        cluster.Poll();
        cluster.Add(job with { IsTerminating = true });
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 1);
        Assert.Equal([$"{Me}→demo/Deployment/job:80=1"], cluster.Shown());
        cluster.Add(job with { IsTerminated = true });
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 1);
        Assert.Equal(1ul, cluster.Table.HeldSentBytes);
        cluster.Add(cluster.Pod("next-1", "next", "10.0.0.1"));
        cluster.Poll();
        Assert.Equal([$"{Me}→demo/Deployment/job:80=1", $"{Me}→demo/Deployment/next:80=1"], cluster.Shown());
    }

    [Fact]
    public void Of_two_pods_with_one_address_the_later_wins_and_the_other_gets_it_back()
    {
        var cluster = new ClusterFixture();
        PodObject early = cluster.Pod("early-1", "early", "10.0.0.1") with { CreatedSeconds = 100 };
        PodObject late = cluster.Pod("late-1", "late", "10.0.0.1") with { CreatedSeconds = 200 };
        cluster.Add(late);
        cluster.Add(early);
        cluster.Poll();
        Assert.Equal("demo/Deployment/late", cluster.Resolve(Key("10.0.0.1")).Server);
        cluster.Delete(late);
        cluster.Poll();
        Assert.Equal("demo/Deployment/early", cluster.Resolve(Key("10.0.0.1")).Server);
        cluster.Add(late with { Uid = cluster.NewUid(), IsTerminating = true });
        cluster.Poll();
        Assert.Equal("demo/Deployment/early", cluster.Resolve(Key("10.0.0.1")).Server);
    }

    [Fact]
    public void A_pod_that_gets_another_address_leaves_the_first_vacant()
    {
        var cluster = new ClusterFixture();
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        cluster.Add(web);
        cluster.Poll();
        cluster.Add(web with { Addresses = Addresses("10.0.0.2") });
        cluster.Poll();
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("10.0.0.2")).Server);
        Assert.True(cluster.Resolver.Resolve(Key("10.0.0.1"), TimeSpan.Zero).IsHeld);
    }

    [Fact]
    public void An_owner_learnt_late_gets_the_first_bytes_too()
    {
        var cluster = new ClusterFixture();
        OwnerReference controller = cluster.Controller("ReplicaSet", "web-5d4f");
        cluster.Add(cluster.Pod("web-1", null, "10.0.0.1") with { Controller = controller });
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 7);
        Assert.Empty(cluster.Shown());
        cluster.Owners.Learn(controller, new OwnerReference("apps/v1", "Deployment", "web", cluster.NewUid()));
        cluster.Poll();
        Assert.Equal([$"{Me}→demo/Deployment/web:80=7"], cluster.Shown());
        Assert.Equal(0ul, cluster.Names.UnresolvedEnds);
    }

    [Fact]
    public void An_owner_that_does_not_come_in_time_is_stood_in_for_by_the_direct_controller()
    {
        var cluster = new ClusterFixture();
        OwnerReference controller = cluster.Controller("ReplicaSet", "web-5d4f");
        cluster.Add(cluster.Pod("web-1", null, "10.0.0.1") with { Controller = controller });
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 7);
        cluster.Time.Advance(TimeSpan.FromSeconds(5));
        cluster.Poll();
        Assert.Equal([$"{Me}→demo/ReplicaSet/web-5d4f:80=7"], cluster.Shown());
        Assert.Equal(1ul, cluster.Names.UnresolvedEnds);
        cluster.Owners.Learn(controller, new OwnerReference("apps/v1", "Deployment", "web", cluster.NewUid()));
        cluster.Poll(Key("10.0.0.1"), 1);
        Assert.Equal([$"{Me}→demo/Deployment/web:80=1", $"{Me}→demo/ReplicaSet/web-5d4f:80=7"], cluster.Shown());
    }

    [Fact]
    public void Links_seen_before_the_first_lists_are_complete_are_named_then()
    {
        var cluster = new ClusterFixture(ready: false);
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        LinkKey key = Key("10.0.0.2", cluster.Cgroup(web.Uid), "10.0.0.1");
        cluster.Poll(key, 5);
        cluster.Time.Advance(TimeSpan.FromMinutes(10));
        cluster.Poll(key, 5);
        Assert.Empty(cluster.Shown());
        cluster.Add(web);
        cluster.Add(cluster.Pod("api-1", "api", "10.0.0.2"));
        cluster.SyncAll();
        cluster.Poll(key, 5);
        Assert.Equal(["demo/Deployment/web→demo/Deployment/api:80=15"], cluster.Shown());
    }

    [Fact]
    public void A_type_that_may_not_be_read_is_not_waited_for()
    {
        var cluster = new ClusterFixture(ready: false);
        cluster.Poll(Key("203.0.113.1"), 5);
        foreach (Aot.Cluster.ClusterObjectType type in Enum.GetValues<Aot.Cluster.ClusterObjectType>())
        {
            cluster.Index.GiveUp(type);
        }

        cluster.Poll();
        Assert.Equal([$"{Me}→external/external/203.0.113.1:80=5"], cluster.Shown());
    }

    [Fact]
    public void A_pod_that_talks_before_the_server_tells_of_it_gets_its_name()
    {
        var cluster = new ClusterFixture();
        cluster.Add(cluster.Pod("old-1", "old", "10.0.0.1"));
        cluster.Poll();
        PodObject young = cluster.Pod("young-1", "young", "10.0.7.2");
        LinkKey there = Key("10.0.7.2");
        LinkKey here = Key("10.0.0.1", cluster.Cgroup(young.Uid), "10.0.7.2");
        cluster.Poll([there, here], [new(3, 0, 0, 0, 0, 0), new(4, 0, 0, 0, 0, 0)]);
        Assert.Empty(cluster.Shown());
        cluster.Add(young);
        cluster.Poll();
        Assert.Equal(["demo/Deployment/young→demo/Deployment/old:80=4", $"{Me}→demo/Deployment/young:80=3"], cluster.Shown());
    }

    [Fact]
    public void A_pod_that_was_told_of_before_the_drain_is_known_by_the_end_of_the_poll()
    {
        var cluster = new ClusterFixture();
        cluster.Add(cluster.Pod("first-1", "first", "10.0.0.1"));
        cluster.Poll(Key("10.0.0.1"), 5);
        Assert.Equal([$"{Me}→demo/Deployment/first:80=5"], cluster.Shown());
    }

    [Fact]
    public async Task Changes_may_come_from_many_threads()
    {
        var cluster = new ClusterFixture();
        PodObject[] pods = [.. Enumerable.Range(0, 4000).Select(i => cluster.Pod($"p-{i}", null, $"10.1.{i >> 8}.{i & 255}"))];
        Task[] reflectors = [.. Enumerable.Range(0, 4).Select(part => Task.Run(
            () =>
            {
                foreach (PodObject pod in pods.AsSpan(part * 1000, 1000))
                {
                    cluster.Add(pod);
                    cluster.Delete(pod);
                    cluster.Add(pod);
                }
            },
            TestContext.Current.CancellationToken))];
        ulong sent = 0;
        while (!Task.WhenAll(reflectors).IsCompleted)
        {
            _ = cluster.Changes.WantsPoll(cluster.Index);
            cluster.Poll(Key($"10.1.0.{sent & 255}"), 1);
            sent++;
        }

        await Task.WhenAll(reflectors);
        cluster.Poll();
        Assert.Equal(0, cluster.Changes.Count);
        Assert.Equal(4000, cluster.Index.CountOf(Aot.Cluster.ClusterObjectType.Pod));
        Assert.Equal(sent, cluster.AllSent());
    }

    [Fact]
    public void A_socket_that_outlives_its_pod_keeps_its_name()
    {
        var cluster = new ClusterFixture();
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        LinkKey key = Key("203.0.113.1", cluster.Cgroup(web.Uid), "10.0.0.1");
        cluster.Add(web);
        cluster.Poll();
        cluster.Delete(web);
        cluster.Poll();
        cluster.Cgroups.Clear();
        Assert.True(cluster.Resolver.Resolve(key, TimeSpan.Zero).IsHeld);       // never read: the group is gone
        Assert.Equal("demo/Deployment/web", cluster.Workloads[cluster.Resolver.Resolve(key, TimeSpan.FromMinutes(1)).Client] is var name
            ? $"{name.Namespace}/{name.Kind}/{name.Name}" : "");
    }

    [Fact]
    public void Without_pods_nothing_is_waited_for_and_the_node_stands_in()
    {
        var cluster = new ClusterFixture(ready: false);
        foreach (Aot.Cluster.ClusterObjectType type in Enum.GetValues<Aot.Cluster.ClusterObjectType>())
        {
            cluster.Index.GiveUp(type);
        }

        cluster.Poll(Key("203.0.113.1", cluster.Cgroup(cluster.NewUid()), "10.0.0.1"), 5);
        Assert.Equal([$"{Me}→external/external/203.0.113.1:80=5"], cluster.Shown());
        Assert.Equal(1ul, cluster.Names.UnresolvedEnds);
    }

    [Fact]
    public void A_control_group_that_is_never_found_is_looked_for_some_times_only()
    {
        var cluster = new ClusterFixture();
        cluster.Add(cluster.Pod("web-1", "web", "10.0.0.1"));
        cluster.Poll();
        for (int i = 0; i < 100; i++)
        {
            cluster.Poll(Key("203.0.113.1", cgroup: 77), 1);
            cluster.Time.Advance(TimeSpan.FromSeconds(1));
        }

        cluster.Time.Advance(TimeSpan.FromSeconds(30));
        cluster.Poll();
        Assert.Equal(["node/node/node-1→external/external/203.0.113.1:80=100"], cluster.Shown());
        Assert.Equal(16, cluster.PathLookups);
    }

    [Fact]
    public void A_control_group_that_was_gone_too_soon_is_made_up_for_by_the_pods_address()
    {
        var cluster = new ClusterFixture();
        PodObject first = cluster.Pod("first", null, "10.0.0.1");
        cluster.Add(first);
        cluster.Poll();
        cluster.Poll(Key("203.0.113.1", cgroup: 77, local: "10.0.0.1"), 5);
        cluster.Delete(first);
        cluster.Add(cluster.Pod("second", null, "10.0.0.1"));
        cluster.Poll();
        Assert.Equal(["demo/pod/first→external/external/203.0.113.1:80=5"], cluster.Shown());
    }

    [Fact]
    public void A_pod_that_comes_back_is_not_forgotten_with_its_former_life()
    {
        var cluster = new ClusterFixture();
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        cluster.Add(web);
        cluster.Delete(web);
        cluster.Poll();
        cluster.Time.Advance(TimeSpan.FromSeconds(100));
        cluster.Add(web);
        cluster.Poll();
        cluster.Time.Advance(TimeSpan.FromSeconds(20));
        cluster.Delete(web);
        cluster.Poll();
        Assert.Equal(1, cluster.Index.DepartedCount);
        cluster.Add(web);
        cluster.Time.Advance(TimeSpan.FromHours(1));
        cluster.Poll();
        Assert.Equal("demo/Deployment/web", cluster.Resolve(Key("10.0.0.1")).Server);
        Assert.Equal(1, cluster.Index.AddressCount);
    }

    [Fact]
    public void Who_is_missing_from_a_new_list_is_gone()
    {
        var cluster = new ClusterFixture();
        PodObject stays = cluster.Pod("stays-1", "stays", "10.0.0.1");
        PodObject goes = cluster.Pod("goes-1", "goes", "10.0.0.2");
        cluster.Add(stays);
        cluster.Add(goes);
        cluster.Poll();
        cluster.Changes.Apply(ObjectChangeKind.Reset, (PodObject?)null);
        cluster.Add(stays);
        cluster.Poll();
        Assert.Equal("demo/Deployment/goes", cluster.Resolve(Key("10.0.0.2")).Server);      // a list under way takes nothing away
        cluster.Changes.Apply(ObjectChangeKind.Synced, (PodObject?)null);
        cluster.Poll();
        Assert.Equal("demo/Deployment/stays", cluster.Resolve(Key("10.0.0.1")).Server);
        Assert.True(cluster.Resolver.Resolve(Key("10.0.0.2"), TimeSpan.Zero).IsHeld);
        Assert.Equal(1, cluster.Index.CountOf(Aot.Cluster.ClusterObjectType.Pod));
    }

    [Fact]
    public void What_is_gone_is_forgotten_after_a_while()
    {
        var cluster = new ClusterFixture();
        for (int i = 0; i < 1000; i++)
        {
            PodObject pod = cluster.Pod($"p-{i}", null, $"10.0.{i >> 8}.{i & 255}");
            cluster.Add(pod);
            cluster.Delete(pod);
        }

        cluster.Poll();
        Assert.Equal(1000, cluster.Index.DepartedCount);
        cluster.Time.Advance(TimeSpan.FromMinutes(2));
        cluster.Poll();
        Assert.Equal(0, cluster.Index.DepartedCount);
        Assert.Equal(0, cluster.Index.AddressCount);
    }

    [Fact]
    public void A_poll_is_wanted_at_once_only_for_an_address_that_links_use()
    {
        var cluster = new ClusterFixture();
        PodObject used = cluster.Pod("used-1", "used", "10.0.0.1");
        PodObject unused = cluster.Pod("unused-1", "unused", "10.0.0.2");
        cluster.Add(used);
        cluster.Add(unused);
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 1);
        int wakes = cluster.Wakes;
        cluster.Delete(unused);
        Assert.Equal(wakes + 1, cluster.Wakes);
        Assert.False(cluster.Changes.WantsPoll(cluster.Index));
        cluster.Delete(used);
        Assert.True(cluster.Changes.WantsPoll(cluster.Index));
        cluster.Poll();
        Assert.False(cluster.Changes.WantsPoll(cluster.Index));
        for (int i = 0; i < Aot.Cluster.ClusterChanges.MaxWaiting; i++)
        {
            cluster.Add(used);
        }

        Assert.True(cluster.Changes.WantsPoll(cluster.Index));
    }

    [Fact]
    public void Whatever_happens_every_byte_is_somewhere_and_no_total_falls()
    {
        var random = new Random(11);
        var cluster = new ClusterFixture(limits: new LinkLimits { MaxLinks = 6, MaxKeys = 40, LinkTtl = TimeSpan.FromMinutes(1) });
        PodObject?[] pods = new PodObject?[8];
        ulong applied = 0;
        ulong shownByOther = 0;
        for (int poll = 0; poll < 5000; poll++)
        {
            int which = random.Next(pods.Length);
            if (random.Next(4) == 0)
            {
                if (pods[which] is { } pod)
                {
                    cluster.Delete(pod);
                    pods[which] = null;
                }
                else
                {
                    cluster.Add(pods[which] = cluster.Pod($"p-{poll}", $"d{random.Next(12)}", $"10.0.0.{which}"));
                }
            }

            LinkKey key = Key($"10.0.0.{random.Next(12)}", port: (ushort)(80 + random.Next(3)), role: (LinkRole)(1 + random.Next(2)));
            ulong sent = (ulong)random.Next(1000);
            applied += sent;
            cluster.Poll([key], [new LinkDelta(sent, 1, (ulong)random.Next(2), (ulong)random.Next(2), 0, 0)]);
            cluster.Time.Advance(TimeSpan.FromSeconds(random.Next(random.Next(20) == 0 ? 90 : 3)));
            Assert.Equal(applied, cluster.AllSent());
            ulong other = 0;
            for (int i = 0; i < cluster.Table.Columns.Count; i++)
            {
                other += cluster.Table.Columns.Identities[i].Server == cluster.Names.Other ? cluster.Table.Columns.SentBytes[i] : 0;
            }

            Assert.True(other >= shownByOther);
            shownByOther = other;
            Assert.InRange(cluster.Table.Columns.Count, 0, 8);
        }

        Assert.InRange(cluster.Table.Ledger.FoldedLinks, 1ul, ulong.MaxValue);
        Assert.InRange(cluster.Table.Ledger.ExpiredLinks, 1ul, ulong.MaxValue);
    }
}
