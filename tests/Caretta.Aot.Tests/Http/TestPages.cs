using System.Buffers;
using System.Text;
using Caretta.Aot.Http;

namespace Caretta.Aot.Tests.Http;

/// <summary>A page of numbered lines, handed out 16 KB at a time; counts how often it was released.</summary>
internal sealed class LinesContent(int lines, ExpositionFormat format = ExpositionFormat.Text) : IHttpContent
{
    private int _next;

    public int Released { get; private set; }

    public ReadOnlySpan<byte> ContentType => HttpNegotiation.ContentType(format);

    public static string Line(int number) => $"caretta_links_observed{{client_name=\"client-{number % 97}\",link_id=\"{number}\"}} {number * 7}\n";

    public static string All(int lines)
    {
        StringBuilder text = new();
        for (int number = 0; number < lines; number++)
        {
            text.Append(Line(number));
        }

        return text.ToString();
    }

    public bool WriteNext(IBufferWriter<byte> writer)
    {
        for (long written = 0; _next < lines && written < 16_000; _next++)
        {
            written += Encoding.ASCII.GetBytes(Line(_next), writer);
        }

        return _next < lines;
    }

    public void Release() => Released++;
}

/// <summary>A page without end.</summary>
internal sealed class EndlessContent : IHttpContent
{
    private int _released;

    public int Released => Volatile.Read(ref _released);

    public ReadOnlySpan<byte> ContentType => "text/plain"u8;

    public bool WriteNext(IBufferWriter<byte> writer)
    {
        writer.GetSpan(16_000)[..16_000].Fill((byte)'x');
        writer.Advance(16_000);
        return true;
    }

    public void Release() => Interlocked.Increment(ref _released);
}

/// <summary>A page that fails after some pieces.</summary>
internal sealed class FailingContent(int goodPieces) : IHttpContent
{
    private int _pieces;

    public int Released { get; private set; }

    public ReadOnlySpan<byte> ContentType => "text/plain"u8;

    public bool WriteNext(IBufferWriter<byte> writer)
    {
        if (_pieces++ == goodPieces)
        {
            throw new InvalidOperationException("out of order");
        }

        writer.GetSpan(16_000)[..16_000].Fill((byte)'x');
        writer.Advance(16_000);
        return true;
    }

    public void Release() => Released++;
}

/// <summary>Routes for tests.</summary>
internal static class TestRoutes
{
    public const int MetricsLines = 1_500;

    public static ReadOnlyMemory<byte> Ready { get; } = "ready\n"u8.ToArray();

    public static ReadOnlyMemory<byte> NotReady { get; } = "no poll yet\n"u8.ToArray();

    public static IReadOnlyList<HttpRoute> All { get; } =
    [
        new HttpRoute("/", static (in HttpRequest _) => HttpReply.Text(200, Ready)),
        new HttpRoute("/healthz", static (in HttpRequest _) => HttpReply.Text(200, Ready)),
        new HttpRoute("/readyz", static (in HttpRequest _) => HttpReply.Text(503, NotReady)),
        new HttpRoute("/metrics", static (in HttpRequest request) =>
            HttpReply.Stream(new LinesContent(MetricsLines, HttpNegotiation.ChooseExposition(request)), negotiated: true)),
        new HttpRoute("/empty", static (in HttpRequest _) => HttpReply.Stream(new LinesContent(0))),
        new HttpRoute("/query", static (in HttpRequest request) => HttpReply.Text(200, request.Query.ToArray())),
        new HttpRoute("/throws", static (in HttpRequest _) => throw new InvalidOperationException("handler")),
    ];
}
