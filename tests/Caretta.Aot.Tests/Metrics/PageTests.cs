using System.Buffers;
using System.Text;
using Caretta.Aot.Identity;
using Caretta.Aot.Metrics;
using Caretta.Aot.Snapshots;
using Caretta.Testing;
using Xunit;

namespace Caretta.Aot.Tests.Metrics;

public sealed class PageTests
{
    private const string Checkout =
        "caretta_links_observed{client_id=\"1074587981\",client_kind=\"Deployment\",client_name=\"checkoutservice\","
        + "client_namespace=\"demo-ng\",link_id=\"198768460\",role=\"1\",server_id=\"1112713827\",server_kind=\"Service\","
        + "server_name=\"productcatalogservice\",server_namespace=\"demo-ng\",server_port=\"3550\"} 2537";

    private static readonly AgentFacts Facts = new()
    {
        Version = "0.1.0",
        Revision = "abc",
        Kernel = "6.1.0 \"odd\"",
        Tier = "main",
        StartTime = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250),
        Programs = ["sockops", "dump_sockets"],
        Maps = ["sockets", "links_a"],
    };

    private readonly LinkColumns _links = new();
    private readonly WorkloadTable _workloads = new();
    private readonly AgentHealth _health = new(Facts);

    [Fact]
    public void The_example_of_the_original_comes_out_to_the_byte()
    {
        AddCheckout();
        Assert.Contains(Checkout, Lines(Render(ExpositionFormat.PrometheusText)));
        Assert.Contains(Checkout, Lines(Render(ExpositionFormat.OpenMetrics)));
    }

    [Fact]
    public void Families_of_a_link_carry_its_values()
    {
        int link = AddCheckout();
        _links.ReceivedBytes[link] = 11;
        _links.Opened[link] = 12;
        _links.Closed[link] = 13;
        _links.Failed[link] = 14;
        _links.Open[link] = 15;
        string labels = Checkout[Checkout.IndexOf('{', StringComparison.Ordinal)..Checkout.LastIndexOf(' ')];
        IEnumerable<string> samples =
            Lines(Render(ExpositionFormat.PrometheusText)).Where(line => line.Contains(labels, StringComparison.Ordinal));
        Assert.Equal(
            [
                $"caretta_links_observed{labels} 2537",
                $"caretta_tcp_states{labels} 3",
                $"caretta_link_received_bytes_total{labels} 11",
                $"caretta_link_connections_opened_total{labels} 12",
                $"caretta_link_connections_closed_total{labels} 13",
                $"caretta_link_connections_failed_total{labels} 14",
                $"caretta_link_connections{labels} 15",
            ],
            samples);
    }

    [Theory]
    [InlineData(1, 1, "3")]
    [InlineData(1, 0, "5")]
    [InlineData(1, -1, "5")]
    [InlineData(2, 7, "4")]
    [InlineData(2, 0, "5")]
    public void State_follows_role_and_open_connections(byte role, long open, string expected)
    {
        int end = _workloads.Intern("a", "host", "unit");
        _links.Add(new LinkIdentity(end, end, 80, role));
        _links.Open[0] = open;
        string page = Render(ExpositionFormat.PrometheusText);
        Assert.Equal(expected, ValueOf("caretta_tcp_states{", page));
        Assert.Equal($"{Math.Max(0, open)}", ValueOf("caretta_link_connections{", page));
    }

    [Fact]
    public void Links_without_failures_have_no_sample_for_them()
    {
        AddCheckout();
        Assert.DoesNotContain(
            Lines(Render(ExpositionFormat.PrometheusText)),
            line => line.StartsWith("caretta_link_connections_failed_total", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_selected_families_appear()
    {
        AddCheckout();
        string page = Render(ExpositionFormat.PrometheusText, LinkFamilies.TcpStates | LinkFamilies.Connections);
        Assert.Equal(
            ["caretta_tcp_states", "caretta_link_connections"],
            Lines(page).Where(line => line.Contains("client_id", StringComparison.Ordinal)).Select(line => line.Split('{')[0]));
        Assert.DoesNotContain("caretta_links_observed", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_agent_reports_on_itself()
    {
        AddCheckout();
        _health.Polls = 1;
        _health.FailedPolls = 2;
        _health.PollDuration = TimeSpan.FromMilliseconds(1.5);
        _health.DrainDuration = TimeSpan.FromMicroseconds(20);
        _health.LiveSockets = 4;
        _health.LinkKeys = 5;
        _health.LoopbackConnections = 6;
        _health.ConnectionDeletions = 7;
        _health.FailedDeletions = 8;
        _health.LostUpdates = 9;
        _health.LostConnections = 10;
        _health.LostBytes = 11;
        _health.UnresolvedEnds = 12;
        _health.FoldedEnds = 16;
        _health.LinkBudget = 17;
        _health.FoldedLinks = 18;
        _health.ExpiredLinks = 19;
        _health.ExpiredSentBytes = 20;
        _health.ExpiredReceivedBytes = 21;
        _health.PendingKeys = 22;
        _health.PendingSentBytes = 23;
        _health.PendingReceivedBytes = 24;
        _health.ResidentBytes = 13;
        _health.Scrapes = ulong.MaxValue;
        _health.MissedEvents[1] = 14;
        _health.MapMemoryBytes[0] = 15;
        string[] expected =
        [
            "caretta_agent_build_info{version=\"0.1.0\",revision=\"abc\",kernel=\"6.1.0 \\\"odd\\\"\"} 1",
            "caretta_agent_tier_info{tier=\"main\"} 1",
            "caretta_agent_start_time_seconds 1700000000.25",
            "caretta_polls_made 1",
            "caretta_agent_failed_polls_total 2",
            "caretta_agent_poll_duration_seconds 0.0015",
            "caretta_agent_drain_duration_seconds 2E-05",
            "caretta_connection_deletions 7",
            "caretta_failed_deletions 8",
            "caretta_current_loopback_connections 6",
            "caretta_ebpf_connections_map_size 4",
            "caretta_agent_live_sockets 4",
            "caretta_agent_links 1",
            "caretta_agent_link_keys 5",
            "caretta_agent_workloads 2",
            "caretta_agent_lost_updates_total 9",
            "caretta_agent_lost_connections_total 10",
            "caretta_agent_lost_bytes_total 11",
            "caretta_agent_unresolved_ends_total 12",
            "caretta_agent_folded_ends_total 16",
            "caretta_agent_link_budget 17",
            "caretta_agent_folded_links_total 18",
            "caretta_agent_expired_links_total 19",
            "caretta_agent_expired_bytes_total{direction=\"sent\"} 20",
            "caretta_agent_expired_bytes_total{direction=\"received\"} 21",
            "caretta_agent_pending_link_keys 22",
            "caretta_agent_pending_bytes{direction=\"sent\"} 23",
            "caretta_agent_pending_bytes{direction=\"received\"} 24",
            "caretta_agent_resident_memory_bytes 13",
            "caretta_agent_scrapes_total 18446744073709551615",
            "caretta_agent_program_missed_events_total{program=\"sockops\"} 0",
            "caretta_agent_program_missed_events_total{program=\"dump_sockets\"} 14",
            "caretta_agent_bpf_map_memory_bytes{map=\"sockets\"} 15",
            "caretta_agent_bpf_map_memory_bytes{map=\"links_a\"} 0",
        ];
        Assert.Equal(expected, Lines(Render(ExpositionFormat.PrometheusText, LinkFamilies.None)).Where(line => !line.StartsWith('#')));
    }

    [Fact]
    public void Watchers_appear_where_there_are_any()
    {
        Assert.DoesNotContain("watcher", Render(ExpositionFormat.PrometheusText), StringComparison.Ordinal);
        AgentFacts facts = Facts with { WatchedTypes = ["pods"] };
        var health = new AgentHealth(facts);
        health.WatcherEvents[0] = 3;
        health.WatchesConnected[0] = 1;
        health.WatchFailures[0] = 2;
        health.IndexObjects[0] = 20_000;
        health.IndexAddresses = 25_000;
        health.DepartedObjects = 7;
        health.SkippedObjects[0] = 4;
        health.KnownOwners = 90;
        health.PendingOwners = 5;
        health.RefusedOwners = 6;
        health.OwnerFailures = 1;
        health.ApiRequests = 11;
        health.ApiReceivedBytes = 12_600_000;
        health.NamedEnds = 8;
        health.UnresolvedEnds = 2;
        string page = Render(facts, health, ExpositionFormat.PrometheusText, LinkFamilies.All);
        Assert.Contains("caretta_watcher_events_count{object_type=\"pods\"} 3\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_watcher_resets_count{object_type=\"pods\"} 0\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_watch_connected{object_type=\"pods\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_watch_failures_total{object_type=\"pods\"} 2\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_index_objects{object_type=\"pods\"} 20000\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_index_addresses 25000\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_index_departed_objects 7\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_skipped_objects_total{object_type=\"pods\"} 4\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_index_owners 90\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_pending_owners 5\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_refused_owners_total 6\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_owner_failures_total 1\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_api_requests_total 11\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_api_received_bytes_total 12600000\n", page, StringComparison.Ordinal);
        Assert.Contains("caretta_agent_unresolved_ratio 0.25\n", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("caretta_polls_made", "untyped", "caretta_polls_made", "unknown")]
    [InlineData("caretta_links_observed", "gauge", "caretta_links_observed", "gauge")]
    [InlineData("caretta_link_received_bytes_total", "counter", "caretta_link_received_bytes", "counter")]
    [InlineData("caretta_agent_build_info", "gauge", "caretta_agent_build", "info")]
    public void Each_format_gets_the_type_it_knows(string name, string textType, string family, string openMetricsType)
    {
        string text = Render(ExpositionFormat.PrometheusText);
        Assert.Contains($"# TYPE {name} {textType}\n", text, StringComparison.Ordinal);
        Assert.Contains($"# HELP {name} ", text, StringComparison.Ordinal);
        string openMetrics = Render(ExpositionFormat.OpenMetrics);
        Assert.Contains($"# TYPE {family} {openMetricsType}\n", openMetrics, StringComparison.Ordinal);
        Assert.Contains($"# HELP {family} ", openMetrics, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_OpenMetrics_ends_with_EOF()
    {
        AddCheckout();
        Assert.EndsWith("\n# EOF\n", Render(ExpositionFormat.OpenMetrics), StringComparison.Ordinal);
        Assert.DoesNotContain("EOF", Render(ExpositionFormat.PrometheusText), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_sample_follows_the_header_of_its_family_and_no_series_comes_twice(bool openMetrics)
    {
        AddManyLinks(2000);
        HashSet<string> families = [];
        HashSet<string> series = [];
        string family = "";
        foreach (string line in Lines(Render(openMetrics ? ExpositionFormat.OpenMetrics : ExpositionFormat.PrometheusText)))
        {
            if (line.StartsWith("# ", StringComparison.Ordinal))
            {
                string name = line == "# EOF" ? "" : line.Split(' ')[2];
                Assert.True(name == family || families.Add(name), $"{name} is not in one piece");
                family = name;
                continue;
            }

            Assert.Matches($"^{family}(_total|_info)?[ {{]", line);
            Assert.True(series.Add(line[..line.LastIndexOf(' ')]), line);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3000)]
    public void Pieces_are_bounded_whole_lines_and_make_up_the_page(int links)
    {
        AddManyLinks(links);
        using var page = new RentedPage(this, ExpositionFormat.OpenMetrics);
        var whole = new StringBuilder();
        var piece = new ArrayBufferWriter<byte>();
        while (page.Page.WriteNext(piece))
        {
            Assert.InRange(piece.WrittenCount, 1, MetricsPage.PieceLength + 1024);
            Assert.Equal((byte)'\n', piece.WrittenSpan[^1]);
            whole.Append(Encoding.UTF8.GetString(piece.WrittenSpan));
            piece.ResetWrittenCount();
        }

        Assert.Equal(0, piece.WrittenCount);
        Assert.False(page.Page.WriteNext(piece));
        Assert.Equal(0, piece.WrittenCount);
        Assert.Equal(links * 6, Lines(whole.ToString()).Count(line => line.Contains("{client_id", StringComparison.Ordinal)));
    }

    [Fact]
    public void Names_of_any_length_fit()
    {
        int end = _workloads.Intern(new string('"', 20_000), "host", "unit");
        _links.Add(new LinkIdentity(end, end, 65535, 2));
        _links.SentBytes[0] = ulong.MaxValue;
        Assert.Contains("server_port=\"65535\"} 18446744073709551615\n", Render(ExpositionFormat.PrometheusText), StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_keeps_its_snapshot_while_polls_go_on()
    {
        int link = AddCheckout();
        var exchange = new SnapshotExchange(Facts);
        var pool = new MetricsPagePool(exchange, new MetricsLayout(Facts, LinkFamilies.All));
        exchange.Publish(_links, _workloads, _health);
        MetricsPage page = pool.Rent(ExpositionFormat.PrometheusText);
        var writer = new ArrayBufferWriter<byte>();
        Assert.True(page.WriteNext(writer));
        for (int i = 0; i < 5; i++)
        {
            _links.SentBytes[link]++;
            exchange.Publish(_links, _workloads, _health);
        }

        while (page.WriteNext(writer))
        {
        }

        Assert.Contains(Checkout, Lines(Encoding.UTF8.GetString(writer.WrittenSpan)));
        pool.Return(page);
        pool.Return(page);
        Assert.Same(page, pool.Rent(ExpositionFormat.PrometheusText));
        Assert.NotSame(page, pool.Rent(ExpositionFormat.PrometheusText));
    }

    [Fact]
    public void A_page_that_was_not_begun_says_so() =>
        Assert.Throws<InvalidOperationException>(() =>
            new MetricsPage(new MetricsLayout(Facts, LinkFamilies.All)).WriteNext(new ArrayBufferWriter<byte>()));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_warm_scrape_allocates_nothing(bool openMetrics)
    {
        AddManyLinks(1000);
        _health.PollDuration = TimeSpan.FromMilliseconds(1.2345);
        var exchange = new SnapshotExchange(Facts);
        var pool = new MetricsPagePool(exchange, new MetricsLayout(Facts, LinkFamilies.All));
        exchange.Publish(_links, _workloads, _health);
        var writer = new ArrayBufferWriter<byte>(64 * 1024);
        ExpositionFormat format = openMetrics ? ExpositionFormat.OpenMetrics : ExpositionFormat.PrometheusText;

        void Scrape()
        {
            MetricsPage page = pool.Rent(format);
            while (page.WriteNext(writer))
            {
                writer.ResetWrittenCount();
            }

            pool.Return(page);
        }

        for (int i = 0; i < 3; i++)
        {
            Scrape();
        }

        long allocated = Allocated.By(() =>
        {
            for (int i = 0; i < 20; i++)
            {
                Scrape();
            }
        });
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_help_text_that_would_need_escaping_or_a_wrong_suffix_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new MetricFamily("a", MetricType.Gauge, "a \"b\""));
        Assert.Throws<ArgumentException>(() => new MetricFamily("a", MetricType.Counter, "b"));
        Assert.Throws<ArgumentException>(() => new MetricFamily("a", MetricType.Info, "b"));
        Assert.Throws<ArgumentException>(() => new MetricFamily("a_count", MetricType.Gauge, "b"));
    }

    private static string[] Lines(string page) => page.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string ValueOf(string prefix, string page)
    {
        string line = Lines(page).Single(line => line.StartsWith(prefix, StringComparison.Ordinal));
        return line[(line.LastIndexOf(' ') + 1)..];
    }

    private int AddCheckout()
    {
        int client = _workloads.Intern("checkoutservice", "demo-ng", "Deployment");
        int server = _workloads.Intern("productcatalogservice", "demo-ng", "Service");
        int link = _links.Add(new LinkIdentity(client, server, 3550, 1));
        _links.SentBytes[link] = 2537;
        return link;
    }

    private void AddManyLinks(int count)
    {
        for (int i = 0; i < count; i++)
        {
            int client = _workloads.Intern($"client-{i}.service", "host", "unit");
            int server = _workloads.Intern($"10.0.{i >> 8}.{i & 255}", "external", "external");
            int link = _links.Add(new LinkIdentity(client, server, 443, 1));
            _links.SentBytes[link] = (ulong)i * 1_000_003;
        }
    }

    private string Render(ExpositionFormat format, LinkFamilies families = LinkFamilies.All) => Render(Facts, _health, format, families);

    private string Render(AgentFacts facts, AgentHealth health, ExpositionFormat format, LinkFamilies families)
    {
        var exchange = new SnapshotExchange(facts);
        exchange.Publish(_links, _workloads, health);
        var pool = new MetricsPagePool(exchange, new MetricsLayout(facts, families));
        MetricsPage page = pool.Rent(format);
        var writer = new ArrayBufferWriter<byte>();
        while (page.WriteNext(writer))
        {
        }

        pool.Return(page);
        return Encoding.UTF8.GetString(writer.WrittenSpan);
    }

    private sealed class RentedPage : IDisposable
    {
        private readonly MetricsPagePool _pool;

        public RentedPage(PageTests test, ExpositionFormat format)
        {
            var exchange = new SnapshotExchange(Facts);
            exchange.Publish(test._links, test._workloads, test._health);
            _pool = new MetricsPagePool(exchange, new MetricsLayout(Facts, LinkFamilies.All));
            Page = _pool.Rent(format);
        }

        public MetricsPage Page { get; }

        public void Dispose() => _pool.Return(Page);
    }
}
