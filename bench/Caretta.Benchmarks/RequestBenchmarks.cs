using BenchmarkDotNet.Attributes;

using Caretta.Aot.Http;
using Caretta.Aot.Identity.Objects;
using Caretta.Aot.Json;
using Caretta.Aot.Kubernetes;

namespace Caretta.Benchmarks;

/// <summary>What comes in: the request of a scraper, and the events of a watch.</summary>
public class RequestBenchmarks
{
    /// <summary>Events in the answer that is decoded.</summary>
    public const int Events = 1000;

    private readonly byte[] _head = Workloads.ScrapeHead;
    private readonly byte[] _events = Workloads.PodEvents(Events);
    private readonly byte[] _copy = new byte[1 << 22];
    private int _decoded;

    /// <summary>One request head and what it asks for.</summary>
    [Benchmark]
    public int Request()
    {
        HttpReject reject = HttpRequestParser.Parse(_head, out HttpRequest request);
        return (int)reject + (int)HttpNegotiation.ChooseExposition(in request);
    }

    /// <summary>The bytes of that head copied.</summary>
    [Benchmark]
    public void CopyRequest() => _head.CopyTo(_copy, 0);

    /// <summary>A thousand changes of pods.</summary>
    [Benchmark]
    public async Task<int> WatchEvents()
    {
        var events = new WatchEvents<PodObject>(new PodDecoder(), _ => _decoded++);
        using var stream = new MemoryStream(_events);
        await new JsonStream(new JsonLimits()).ReadAsync(stream, events.Shape, events, CancellationToken.None);
        return _decoded;
    }

    /// <summary>The bytes of those changes copied.</summary>
    [Benchmark]
    public void CopyWatchEvents() => _events.CopyTo(_copy, 0);
}
