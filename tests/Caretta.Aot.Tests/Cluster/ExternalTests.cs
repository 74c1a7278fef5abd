using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;
using Xunit;
using static Caretta.Aot.Tests.Cluster.ClusterFixture;

namespace Caretta.Aot.Tests.Cluster;

/// <summary>Names of ends outside the cluster.</summary>
public sealed class ExternalTests
{
    private const string Me = "node/node/" + ThisNode;

    private readonly FakeNames _dns = new();

    [Fact]
    public void The_first_bytes_wait_a_moment_for_a_name()
    {
        var cluster = new ClusterFixture(dns: _dns);
        cluster.Poll(Key("203.0.113.1"), 5);
        Assert.Empty(cluster.Shown());
        Learn("203.0.113.1", "api.example.com");
        cluster.Poll();
        Assert.Equal([$"{Me}→external/external/api.example.com:80=5"], cluster.Shown());
    }

    [Fact]
    public void A_name_learnt_late_gets_what_comes_from_then_on()
    {
        var cluster = new ClusterFixture(dns: _dns);
        cluster.Poll(Key("203.0.113.1"), 5);
        cluster.Time.Advance(TimeSpan.FromSeconds(2));
        cluster.Poll();
        Assert.Equal([$"{Me}→external/external/203.0.113.1:80=5"], cluster.Shown());
        Learn("203.0.113.1", "api.example.com");
        cluster.Poll(Key("203.0.113.1"), 7);
        Assert.Equal([$"{Me}→external/external/203.0.113.1:80=5", $"{Me}→external/external/api.example.com:80=7"], cluster.Shown());
    }

    [Fact]
    public void A_name_that_the_cache_lost_is_kept()
    {
        var cluster = new ClusterFixture(dns: _dns);
        Learn("203.0.113.1", "api.example.com");
        cluster.Poll(Key("203.0.113.1"), 5);
        _dns.Known.Clear();
        _dns.Epoch++;
        cluster.Poll(Key("203.0.113.1"), 5);
        Assert.Equal([$"{Me}→external/external/api.example.com:80=10"], cluster.Shown());
    }

    [Fact]
    public void Addresses_without_a_name_go_by_themselves_at_once()
    {
        var cluster = new ClusterFixture(dns: _dns);
        Learn("203.0.113.1", null);
        cluster.Poll(Key("203.0.113.1"), 5);
        Assert.Equal([$"{Me}→external/external/203.0.113.1:80=5"], cluster.Shown());
    }

    [Fact]
    public void An_address_that_was_external_becomes_a_pod()
    {
        var cluster = new ClusterFixture();
        cluster.Poll(Key("10.0.0.1"), 5);
        cluster.Add(cluster.Pod("web-1", "web", "10.0.0.1"));
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 7);
        Assert.Equal([$"{Me}→demo/Deployment/web:80=7", $"{Me}→external/external/10.0.0.1:80=5"], cluster.Shown());
    }

    [Fact]
    public void A_links_end_that_is_gone_ends_the_link_and_one_that_lives_does_not()
    {
        var cluster = new ClusterFixture();
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        PodObject api = cluster.Pod("api-1", "api", "10.0.0.2");
        cluster.Add(web);
        cluster.Add(api);
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 1);
        cluster.Poll(Key("10.0.0.2"), 2);
        cluster.Poll(Key("203.0.113.1"), 4);
        cluster.Delete(api);
        cluster.Poll();
        cluster.Time.Advance(TimeSpan.FromHours(1));
        cluster.Poll();
        Assert.Equal([$"{Me}→demo/Deployment/web:80=1"], cluster.Shown());
        Assert.Equal(6ul, cluster.Table.Ledger.ExpiredSentBytes);
    }

    [Fact]
    public void A_workload_whose_pods_were_replaced_by_ones_that_never_talked_is_not_gone()
    {
        var cluster = new ClusterFixture();
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        cluster.Add(web);
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 1);
        cluster.Delete(web);
        cluster.Add(cluster.Pod("web-2", "web", "10.0.0.9"));
        cluster.Poll();
        cluster.Time.Advance(TimeSpan.FromHours(1));
        cluster.Poll();
        Assert.Equal([$"{Me}→demo/Deployment/web:80=1"], cluster.Shown());
    }

    [Fact]
    public void Names_that_no_link_bears_any_more_are_forgotten_and_the_others_stay_right()
    {
        var cluster = new ClusterFixture();
        PodObject web = cluster.Pod("web-1", "web", "10.0.0.1");
        cluster.Add(web);
        cluster.Poll();
        cluster.Poll(Key("10.0.0.1"), 1);
        for (int i = 0; i < 60_000; i++)
        {
            cluster.Poll(Key($"198.{i >> 16}.{(i >> 8) & 255}.{i & 255}"), 1);
            cluster.Time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.InRange(cluster.Workloads.NameCount, 700, 5000);
        Assert.InRange(cluster.Workloads.Count, 700, 9000);
        Assert.Equal(60_001ul, cluster.AllSent());
        Assert.Contains($"{Me}→demo/Deployment/web:80=1", cluster.Shown());
        Assert.Contains($"{Me}→external/external/198.0.234.95:80=1", cluster.Shown());
        Assert.Equal(0ul, cluster.Names.FoldedEnds);
        cluster.Poll(Key("10.0.0.1"), 1);
        Assert.Contains($"{Me}→demo/Deployment/web:80=2", cluster.Shown());
    }

    private void Learn(string address, string? name)
    {
        _dns.Known[Address(address)] = name;
        _dns.Epoch++;
    }

    private sealed class FakeNames : IAddressNames
    {
        public Dictionary<NetAddress, string?> Known { get; } = [];

        public long Epoch { get; set; }

        public bool TryGetName(NetAddress address, out string? name) => Known.TryGetValue(address, out name);
    }
}
