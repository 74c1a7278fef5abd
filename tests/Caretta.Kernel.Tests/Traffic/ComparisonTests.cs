using System.Net;

using Caretta.Traffic;
using Caretta.Traffic.Reports;

using Xunit;

namespace Caretta.Kernel.Tests.Traffic;

public sealed class ComparisonTests
{
    private static readonly LedgerKey Client = new(AddressForm.V4, IPAddress.Loopback, IPAddress.Parse("127.0.0.2"), 80, Role.Client);
    private static readonly LedgerKey OtherClient = Client with { Local = IPAddress.Parse("127.0.0.3") };
    private static readonly TrafficReport Report = new([
        new ReportLine(Client, new LinkTotals(100, 1000, 3, 2, 1)),
        new ReportLine(OtherClient, new LinkTotals(11, 22, 1, 1, 0))]);

    [Fact]
    public void Lines_and_series_of_one_port_and_role_are_added_up()
    {
        Comparison comparison = Comparison.Of(Report, Page(sent: 60, received: 1000, opened: 4, closed: 3, failed: 1, open: 1, rest: """
            caretta_links_observed{client_name="b",server_port="80",role="1"} 51
            caretta_link_received_bytes_total{client_name="b",server_port="80",role="1"} 22
            caretta_links_observed{client_name="a",server_port="80",role="2"} 7
            caretta_links_observed{client_name="a",server_port="81",role="1"} 7
            """), new ComparisonScope());

        Assert.True(comparison.Equal, comparison.ToString());
        Assert.Equal(1, comparison.Links);
        Assert.Equal(111, comparison.Bytes);
    }

    [Fact]
    public void One_byte_off_is_a_difference()
    {
        Comparison comparison = Comparison.Of(Report, Page(sent: 110, received: 1022, opened: 4, closed: 3, failed: 1, open: 1), new ComparisonScope());

        Difference difference = Assert.Single(comparison.Differences);
        Assert.Equal(("caretta_links_observed", 111, 110), (difference.Metric, difference.Expected, difference.Actual));
        Assert.False(comparison.Equal);
    }

    [Theory]
    [InlineData(5, 3, 1, 1)]
    [InlineData(4, 2, 1, 1)]
    [InlineData(4, 3, 0, 1)]
    [InlineData(4, 3, 1, 0)]
    public void Counts_of_connections_matter_too(int opened, int closed, int failed, int open)
    {
        Comparison comparison = Comparison.Of(Report, Page(sent: 111, received: 1022, opened, closed, failed, open), new ComparisonScope());

        Assert.Single(comparison.Differences);
    }

    [Fact]
    public void A_link_that_is_not_shown_is_missing()
    {
        Comparison comparison = Comparison.Of(Report, MetricsPage.Parse(""), new ComparisonScope());

        Assert.Null(Assert.Single(comparison.Differences).Metric);
        Assert.EndsWith("1 differences, 1 links missing", comparison.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_that_only_failed_must_be_shown()
    {
        var report = new TrafficReport([new ReportLine(Client, new LinkTotals(0, 0, 0, 0, 5))]);

        Assert.False(Comparison.Of(report, MetricsPage.Parse(""), new ComparisonScope()).Equal);
        Assert.True(Comparison.Of(report, MetricsPage.Parse("""caretta_link_connections_failed_total{server_port="80",role="1"} 5"""), new ComparisonScope()).Equal);
    }

    [Fact]
    public void Nothing_compared_is_not_equal() => Assert.False(Comparison.Of(new TrafficReport([]), MetricsPage.Parse(""), new ComparisonScope()).Equal);

    [Fact]
    public void Names_narrow_the_scope()
    {
        MetricsPage page = Page(sent: 111, received: 1022, opened: 4, closed: 3, failed: 1, open: 1);

        Assert.True(Comparison.Of(Report, page, new ComparisonScope { ClientName = "a", ServerName = "s" }).Equal);
        Assert.False(Comparison.Of(Report, page, new ComparisonScope { ClientName = "b" }).Equal);
    }

    [Fact]
    public void What_was_open_before_counts_as_open_and_not_as_opened()
    {
        var before = new TrafficReport([new ReportLine(Client, new LinkTotals(90, 0, 2, 1, 0))]);
        var after = new TrafficReport([new ReportLine(Client, new LinkTotals(100, 5, 3, 2, 0))]);

        Comparison comparison = Comparison.Of(after.Since(before), Page(sent: 10, received: 5, opened: 1, closed: 1, failed: 0, open: 1), new ComparisonScope());

        Assert.True(comparison.Equal, comparison.ToString());
    }

    [Fact]
    public void A_report_survives_its_text_form()
    {
        TrafficReport again = TrafficReport.Parse(Report.ToString());

        Assert.Equal(Report.Lines, again.Lines);
    }

    [Fact]
    public void Falling_and_leaving_totals_are_seen()
    {
        var watch = new TotalsWatch();
        watch.Observe(MetricsPage.Parse("caretta_links_observed{a=\"1\"} 5\ncaretta_link_connections{a=\"1\"} 5\n"));
        watch.Observe(MetricsPage.Parse("caretta_links_observed{a=\"1\"} 5\ncaretta_link_connections{a=\"1\"} 1\n"));
        Assert.Empty(watch.Falls);

        watch.Observe(MetricsPage.Parse("caretta_links_observed{a=\"1\"} 4\n"));
        watch.Observe(MetricsPage.Parse("caretta_links_observed{a=\"2\"} 4\n"));
        Assert.Equal(2, watch.Falls.Count);
    }

    private static MetricsPage Page(long sent, long received, long opened, long closed, long failed, long open, string rest = "")
    {
        const string Labels = """{client_name="a",server_name="s",server_port="80",role="1"}""";
        return MetricsPage.Parse($"""
            caretta_links_observed{Labels} {sent}
            caretta_link_received_bytes_total{Labels} {received}
            caretta_link_connections_opened_total{Labels} {opened}
            caretta_link_connections_closed_total{Labels} {closed}
            caretta_link_connections_failed_total{Labels} {failed}
            caretta_link_connections{Labels} {open}
            {rest}
            """);
    }
}
