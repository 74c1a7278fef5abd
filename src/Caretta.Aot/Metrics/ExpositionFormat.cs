namespace Caretta.Aot.Metrics;

/// <summary>Formats in which the metric page can be had.</summary>
internal enum ExpositionFormat
{
    /// <summary>Prometheus text, version 0.0.4.</summary>
    PrometheusText,

    /// <summary>OpenMetrics, version 1.0.0.</summary>
    OpenMetrics,
}
