using BenchmarkDotNet.Attributes;

using Caretta.Aot.Http;
using Caretta.Aot.Metrics;
using Caretta.Aot.Snapshots;

using PageFormat = Caretta.Aot.Metrics.ExpositionFormat;

namespace Caretta.Benchmarks;

/// <summary>What a scrape costs without the network, one series per link; beside it, copying as many bytes.</summary>
public class PageBenchmarks
{
    private readonly NullWriter _writer = new();
    private readonly GzipEncoder _gzip = new();
    private MetricsPagePool? _pages;
    private byte[] _page = [];
    private byte[] _copy = [];

    /// <summary>Series.</summary>
    [Params(1_000, 10_000, 100_000)]
    public int Series { get; set; }

    /// <summary>Once per run.</summary>
    [GlobalSetup]
    public void MakeLinks()
    {
        SnapshotExchange exchange = Workloads.Exchange(Series);
        _pages = new MetricsPagePool(exchange, new MetricsLayout(Workloads.Facts, LinkFamilies.LinksObserved));
        long before = _writer.Written;
        Plain();
        _page = new byte[_writer.Written - before];
        _copy = new byte[_page.Length];
    }

    /// <summary>The page as text.</summary>
    [Benchmark]
    public void Plain()
    {
        MetricsPage page = _pages!.Rent(PageFormat.PrometheusText);
        while (page.WriteNext(_writer))
        {
        }

        _pages.Return(page);
    }

    /// <summary>The page compressed.</summary>
    [Benchmark]
    public void Gzip()
    {
        MetricsPage page = _pages!.Rent(PageFormat.PrometheusText);
        _gzip.Start(_writer);
        while (page.WriteNext(_gzip))
        {
            _gzip.Encode();
        }

        _gzip.Finish();
        _pages.Return(page);
    }

    /// <summary>As many bytes copied.</summary>
    [Benchmark(Baseline = true)]
    public void Copy() => _page.CopyTo(_copy, 0);
}
