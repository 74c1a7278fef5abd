namespace Caretta.Aot.Metrics;

/// <summary>Types of metric families, as far as they occur here.</summary>
internal enum MetricType
{
    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Only grows. Its name ends in <c>_total</c>, as OpenMetrics demands.</summary>
    Counter,

    /// <summary>
    /// Only grows, but carries one of the names users rely on, without <c>_total</c>. OpenMetrics forbids such a counter and promtool
    /// complains about it in the older format, so it is <c>unknown</c> in the one and <c>untyped</c> in the other. Queries do not see
    /// the difference.
    /// </summary>
    CounterByOldName,

    /// <summary>Always 1; the labels carry the information. Its name ends in <c>_info</c>. A gauge in the older format.</summary>
    Info,
}
