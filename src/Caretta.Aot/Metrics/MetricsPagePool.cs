using Caretta.Aot.Snapshots;

namespace Caretta.Aot.Metrics;

/// <summary>Lends pages to scrapes, each with the newest snapshot. Any thread.</summary>
internal sealed class MetricsPagePool(SnapshotExchange exchange, MetricsLayout layout)
{
    // A page is a few words; the limit only keeps a burst of scrapes from leaving a pile behind.
    private const int MaxAtRest = 16;

    private readonly Lock _gate = new();
    private readonly MetricsPage?[] _atRest = new MetricsPage?[MaxAtRest];
    private int _count;

    /// <summary>Lends a page, begun. The borrower gives it to <see cref="Return"/> when it is done, complete or not.</summary>
    public MetricsPage Rent(ExpositionFormat format)
    {
        MetricsPage? page = null;
        lock (_gate)
        {
            if (_count > 0)
            {
                page = _atRest[--_count];
                _atRest[_count] = null;
            }
        }

        page ??= new MetricsPage(layout);
        page.Begin(exchange.Acquire(), format);
        return page;
    }

    /// <summary>Takes a page back and releases its snapshot. A page that was returned already is left alone.</summary>
    public void Return(MetricsPage page)
    {
        LinkSnapshot? snapshot = page.End();
        if (snapshot is null)
        {
            return;
        }

        snapshot.Release();
        lock (_gate)
        {
            if (_count < MaxAtRest)
            {
                _atRest[_count++] = page;
            }
        }
    }
}
