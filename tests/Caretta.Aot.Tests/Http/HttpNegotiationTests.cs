using System.Text;
using Caretta.Aot.Http;
using Xunit;

namespace Caretta.Aot.Tests.Http;

public sealed class HttpNegotiationTests
{
    private const string Prometheus242 =
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

    private const string Prometheus3 =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    private const string Prometheus3Protobuf =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
        + "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    [Theory]
    [InlineData(Prometheus242, ExpositionFormat.OpenMetrics)]
    [InlineData(Prometheus3, ExpositionFormat.OpenMetrics)]
    [InlineData(Prometheus3Protobuf, ExpositionFormat.OpenMetrics)]
    [InlineData("*/*", ExpositionFormat.Text)]
    [InlineData("", ExpositionFormat.Text)]
    [InlineData("text/plain", ExpositionFormat.Text)]
    [InlineData("text/*", ExpositionFormat.Text)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", ExpositionFormat.Text)]
    [InlineData("application/json", ExpositionFormat.Text)]
    [InlineData("application/openmetrics-text", ExpositionFormat.OpenMetrics)]
    [InlineData("Application/OpenMetrics-Text; Version=\"1.0.0\" ; charset=utf-8", ExpositionFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text; version=0.0.1", ExpositionFormat.OpenMetricsDraft)]
    [InlineData("application/openmetrics-text; version=2.0.0", ExpositionFormat.Text)]
    [InlineData("application/openmetrics-text;q=0, text/plain;q=0.1", ExpositionFormat.Text)]
    [InlineData("application/openmetrics-text;q=0.4, text/plain;q=0.5", ExpositionFormat.Text)]
    [InlineData("application/openmetrics-text;q=0.5, text/plain;q=0.499", ExpositionFormat.OpenMetrics)]
    [InlineData("text/plain, application/openmetrics-text", ExpositionFormat.Text)]
    [InlineData("application/openmetrics-text, text/plain", ExpositionFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;q=0.3, */*;q=0.9, text/plain;q=0.1", ExpositionFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;q=high, text/plain;q=0.1", ExpositionFormat.Text)]
    [InlineData("application/openmetrics-text;q=1.001, text/plain;q=0.1", ExpositionFormat.Text)]
    [InlineData("text/plain;note=\"a, b; q=0\";q=0.2, application/openmetrics-text;q=0.1", ExpositionFormat.Text)]
    [InlineData(",, ;q=1 ,application/openmetrics-text,,", ExpositionFormat.OpenMetrics)]
    internal void Accept_chooses_the_format(string accept, ExpositionFormat expected) =>
        Assert.Equal(expected, Ask(accept.Length == 0 ? "" : $"Accept: {accept}\r\n", static (in HttpRequest r) => HttpNegotiation.ChooseExposition(r)));

    [Fact]
    public void Several_accept_lines_count_as_one() =>
        Assert.Equal(
            ExpositionFormat.OpenMetrics,
            Ask("Accept: text/plain;q=0.5\r\naccept: application/openmetrics-text\r\n", static (in HttpRequest r) => HttpNegotiation.ChooseExposition(r)));

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("GZIP", true)]
    [InlineData("x-gzip", true)]
    [InlineData("gzip, deflate, br, zstd", true)]
    [InlineData("deflate;q=1, gzip;q=0.1", true)]
    [InlineData("*", true)]
    [InlineData("*;q=0, gzip", true)]
    [InlineData("", false)]
    [InlineData("identity", false)]
    [InlineData("deflate", false)]
    [InlineData("gzip;q=0", false)]
    [InlineData("gzip;q=0.000", false)]
    [InlineData("gzip;q=0, *", false)]
    [InlineData("*;q=0", false)]
    [InlineData("gzip;q=0.5, identity", false)]
    [InlineData("gzip;q=0.5, identity;q=0.5", true)]
    [InlineData("gzipped", false)]
    public void Accept_encoding_says_whether_gzip_is_welcome(string value, bool expected) =>
        Assert.Equal(expected, Ask($"Accept-Encoding: {value}\r\n", static (in HttpRequest r) => HttpNegotiation.AcceptsGzip(r)));

    [Fact]
    public void Content_types_are_what_scrapers_know()
    {
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8"u8, HttpNegotiation.ContentType(ExpositionFormat.Text));
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8"u8, HttpNegotiation.ContentType(ExpositionFormat.OpenMetrics));
    }

    private static T Ask<T>(string headers, Question<T> question)
    {
        byte[] head = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        Assert.Equal(HttpReject.None, HttpRequestParser.Parse(head, out HttpRequest request));
        return question(request);
    }

    private delegate T Question<T>(in HttpRequest request);
}
