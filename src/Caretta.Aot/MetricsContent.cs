using System.Buffers;
using Caretta.Aot.Http;
using Caretta.Aot.Metrics;
using HttpFormat = Caretta.Aot.Http.ExpositionFormat;
using MetricsFormat = Caretta.Aot.Metrics.ExpositionFormat;

namespace Caretta.Aot;

/// <summary>A metric page as a response body. Pooled: a scrape allocates nothing once warm.</summary>
internal sealed class MetricsContent : IHttpContent
{
    private readonly Pool _pool;
    private HttpFormat _format;
    private MetricsPage? _page;

    private MetricsContent(Pool pool) => _pool = pool;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> ContentType => HttpNegotiation.ContentType(_format);

    /// <inheritdoc/>
    public bool WriteNext(IBufferWriter<byte> writer) => _page!.WriteNext(writer);

    /// <inheritdoc/>
    public void Release() => _pool.Return(this);

    /// <summary>Lends bodies. Any thread.</summary>
    /// <param name="pages">Where the pages come from.</param>
    internal sealed class Pool(MetricsPagePool pages)
    {
        private const int MaxAtRest = 8;

        private readonly Lock _gate = new();
        private readonly Stack<MetricsContent> _atRest = new(MaxAtRest);

        /// <summary>The newest page, begun.</summary>
        public MetricsContent Rent(HttpFormat format)
        {
            MetricsContent? content;
            lock (_gate)
            {
                _atRest.TryPop(out content);
            }

            content ??= new MetricsContent(this);
            content._format = format;
            content._page = pages.Rent(format == HttpFormat.Text ? MetricsFormat.Text : MetricsFormat.OpenMetrics);
            return content;
        }

        internal void Return(MetricsContent content)
        {
            pages.Return(content._page!);
            content._page = null;
            lock (_gate)
            {
                if (_atRest.Count < MaxAtRest)
                {
                    _atRest.Push(content);
                }
            }
        }
    }
}
