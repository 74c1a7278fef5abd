namespace Caretta.Aot.Http;

/// <summary>The forms in which a metrics page can be asked for.</summary>
internal enum ExpositionFormat
{
    /// <summary>Prometheus text exposition format 0.0.4.</summary>
    Text,

    /// <summary>OpenMetrics 1.0.0.</summary>
    OpenMetrics,

    /// <summary>OpenMetrics 0.0.1, the draft: the same text under the version that old scrapers know.</summary>
    OpenMetricsDraft,
}

/// <summary>Chooses what a client gets by what it says it accepts (RFC 9110 §12.5). Pure; any thread.</summary>
internal static class HttpNegotiation
{
    private const int Formats = 3;

    /// <summary>
    /// The form that the Accept headers weigh highest; of equals, the one they name first. Wildcards stand for text, and so do no header
    /// and nothing that can be served: a page in the wrong form is worth more to a person than an error.
    /// </summary>
    public static ExpositionFormat ChooseExposition(in HttpRequest request)
    {
        Span<int> weights = stackalloc int[Formats];
        Span<int> orders = stackalloc int[Formats];
        Span<int> precisions = stackalloc int[Formats];
        weights.Clear();
        orders.Fill(int.MaxValue);
        precisions.Clear();
        int order = 0;
        foreach (HttpHeaders.Line line in request.Headers)
        {
            if (!line.Is("Accept"u8))
            {
                continue;
            }

            HeaderElements elements = new(line.Value);
            while (elements.MoveNext())
            {
                // The most precise range decides about a type, wherever it stands (RFC 9110 §12.5.1).
                (ExpositionFormat format, int precision) = Match(elements);
                if (precision > precisions[(int)format])
                {
                    precisions[(int)format] = precision;
                    weights[(int)format] = elements.Weight;
                    orders[(int)format] = order++;
                }
            }
        }

        ExpositionFormat best = ExpositionFormat.Text;
        for (int format = 1; format < Formats; format++)
        {
            int lead = weights[format] - weights[(int)best];
            if (lead > 0 || (lead == 0 && weights[format] > 0 && orders[format] < orders[(int)best]))
            {
                best = (ExpositionFormat)format;
            }
        }

        return best;
    }

    /// <summary>Value of Content-Type for <paramref name="format"/>.</summary>
    public static ReadOnlySpan<byte> ContentType(ExpositionFormat format) => format switch
    {
        ExpositionFormat.OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8"u8,
        ExpositionFormat.OpenMetricsDraft => "application/openmetrics-text; version=0.0.1; charset=utf-8"u8,
        _ => "text/plain; version=0.0.4; charset=utf-8"u8,
    };

    /// <summary>Whether the client takes gzip and does not like the plain body better.</summary>
    public static bool AcceptsGzip(in HttpRequest request)
    {
        int gzip = -1;
        int any = -1;
        int identity = -1;
        foreach (HttpHeaders.Line line in request.Headers)
        {
            if (!line.Is("Accept-Encoding"u8))
            {
                continue;
            }

            HeaderElements elements = new(line.Value);
            while (elements.MoveNext())
            {
                if (elements.Is("gzip"u8) || elements.Is("x-gzip"u8))
                {
                    gzip = Math.Max(gzip, elements.Weight);
                }
                else if (elements.Is("*"u8))
                {
                    any = elements.Weight;
                }
                else if (elements.Is("identity"u8))
                {
                    identity = elements.Weight;
                }
            }
        }

        gzip = gzip < 0 ? any : gzip;
        return gzip > 0 && gzip >= identity;
    }

    private static (ExpositionFormat Format, int Precision) Match(in HeaderElements range)
    {
        if (range.Is("*/*"u8))
        {
            return (ExpositionFormat.Text, 1);
        }

        if (range.Is("text/*"u8))
        {
            return (ExpositionFormat.Text, 2);
        }

        bool versioned = range.TryGetParameter("version"u8, out ReadOnlySpan<byte> version);
        if (range.Is("text/plain"u8))
        {
            return !versioned ? (ExpositionFormat.Text, 3) : version.SequenceEqual("0.0.4"u8) ? (ExpositionFormat.Text, 4) : default;
        }

        if (range.Is("application/openmetrics-text"u8))
        {
            return !versioned ? (ExpositionFormat.OpenMetrics, 3)
                : version.SequenceEqual("1.0.0"u8) ? (ExpositionFormat.OpenMetrics, 4)
                : version.SequenceEqual("0.0.1"u8) ? (ExpositionFormat.OpenMetricsDraft, 4)
                : default;
        }

        return default;
    }
}
