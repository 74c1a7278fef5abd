using System.Buffers;
using Caretta.Aot.Http;
using Caretta.Aot.Map;

namespace Caretta.Aot;

/// <summary>What is served of the map: the page's files and the API behind it. Any thread.</summary>
internal sealed class MapRoutes : IDisposable
{
    private readonly ClusterAnswers? _cluster;
    private MapAnswers? _answers;
    private Func<bool> _hasPolled = static () => false;

    /// <summary>Answers about this node that it is starting until <see cref="Begin"/>.</summary>
    /// <param name="cluster">About the cluster, if there is a store to ask. Disposed of with this.</param>
    public MapRoutes(ClusterAnswers? cluster = null)
    {
        _cluster = cluster;
        Routes =
        [
            File("/", "index.html", "text/html; charset=utf-8"),
            File("/map.js", "map.js", "text/javascript; charset=utf-8"),
            File("/layout.js", "layout.js", "text/javascript; charset=utf-8"),
            File("/style.css", "style.css", "text/css; charset=utf-8"),
            new HttpRoute("/api/links", ServeLinks),
            new HttpRoute("/api/history", ServeHistory),
        ];
    }

    /// <summary>All paths.</summary>
    public IReadOnlyList<HttpRoute> Routes { get; }

    /// <summary>Begins to answer.</summary>
    /// <param name="answers">About this node.</param>
    /// <param name="hasPolled">Whether there is anything to show.</param>
    public void Begin(MapAnswers answers, Func<bool> hasPolled)
    {
        _hasPolled = hasPolled;
        Volatile.Write(ref _answers, answers);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _answers?.Dispose();
        _cluster?.Dispose();
    }

    /// <summary>An error as the API tells it.</summary>
    public static HttpReply Fail(MapException failure)
    {
        var body = new ArrayBufferWriter<byte>();
        MapJson.WriteError(failure.Status, failure.Reason, failure.Message, body);
        return HttpReply.Bytes(failure.Status, MapHeaders.Json, body.WrittenSpan.ToArray(), MapHeaders.Api);
    }

    private static HttpRoute File(string path, string name, string contentType)
    {
        var file = new PageFile(name, contentType);
        return new HttpRoute(path, (in _) => HttpReply.Of(file.Document));
    }

    private HttpReply ServeLinks(in HttpRequest request)
    {
        try
        {
            MapQuestion question = MapQuestion.ParseLinks(request.Query);
            if (question.IsCluster)
            {
                return HttpReply.Promise(Cluster.GetLinksAsync(question));
            }

            return Volatile.Read(ref _answers) is { } answers && _hasPolled()
                ? HttpReply.Of(answers.GetLinks())
                : throw new MapException(503, "starting", "the agent is starting: no poll was made yet");
        }
        catch (MapException failure)
        {
            return Fail(failure);
        }
    }

    private HttpReply ServeHistory(in HttpRequest request)
    {
        try
        {
            MapQuestion question = MapQuestion.ParseHistory(request.Query);
            return HttpReply.Promise(Cluster.GetHistoryAsync(question));
        }
        catch (MapException failure)
        {
            return Fail(failure);
        }
    }

    private ClusterAnswers Cluster =>
        _cluster ?? throw new MapException(404, "no-store", "this agent has no store to ask: PROMETHEUS_URL is not set");
}
