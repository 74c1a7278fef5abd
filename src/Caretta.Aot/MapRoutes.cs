using Caretta.Aot.Http;
using Caretta.Aot.Map;

namespace Caretta.Aot;

/// <summary>What is served of the map: the page's files and the API behind it. Any thread.</summary>
internal sealed class MapRoutes : IDisposable
{
    private readonly ClusterAnswers? _cluster;
    private MapAnswers? _answers;
    private PolicyAnswers? _policies;
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
            new HttpRoute("/api/policies", ServePolicies),
        ];
    }

    /// <summary>All paths.</summary>
    public IReadOnlyList<HttpRoute> Routes { get; }

    /// <summary>Begins to answer.</summary>
    /// <param name="answers">About this node.</param>
    /// <param name="policies">About what it may do.</param>
    /// <param name="hasPolled">Whether there is anything to show.</param>
    public void Begin(MapAnswers answers, PolicyAnswers policies, Func<bool> hasPolled)
    {
        _hasPolled = hasPolled;
        _policies = policies;
        Volatile.Write(ref _answers, answers);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _answers?.Dispose();
        _policies?.Dispose();
        _cluster?.Dispose();
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
            return question.IsCluster ? HttpReply.Promise(Cluster.GetLinksAsync(question)) : HttpReply.Of(OwnLinks());
        }
        catch (MapException failure)
        {
            return MapReplies.Fail(failure);
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
            return MapReplies.Fail(failure);
        }
    }

    private HttpReply ServePolicies(in HttpRequest request)
    {
        try
        {
            byte[] rest = PolicyAnswers.TakeNamespaces(request.Query, out List<string> namespaces);
            MapQuestion question = MapQuestion.ParsePolicies(rest);
            return Volatile.Read(ref _policies) is not { } policies ? throw Starting()
                : question.IsCluster ? HttpReply.Promise(ServeClusterPoliciesAsync(policies, Cluster.GetLinksAsync(question), namespaces))
                : HttpReply.Promise(policies.GetAsync(OwnLinks(), namespaces));
        }
        catch (MapException failure)
        {
            return MapReplies.Fail(failure);
        }
    }

    private static async Task<HttpReply> ServeClusterPoliciesAsync(PolicyAnswers policies, Task<HttpReply> links, List<string> namespaces)
    {
        try
        {
            // Without a document it is an error, which says it all.
            HttpReply reply = await links.ConfigureAwait(false);
            return reply.Document is { } document ? await policies.GetAsync(document, namespaces).ConfigureAwait(false) : reply;
        }
        catch (MapException failure)
        {
            return MapReplies.Fail(failure);
        }
    }

    private HttpDocument OwnLinks() =>
        Volatile.Read(ref _answers) is { } answers && _hasPolled() ? answers.GetLinks() : throw Starting();

    private static MapException Starting() => new(503, "starting", "the agent is starting: no poll was made yet");

    private ClusterAnswers Cluster =>
        _cluster ?? throw new MapException(404, "no-store", "this agent has no store to ask: PROMETHEUS_URL is not set");
}
