using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace Caretta.Cluster.Tests.Scale;

/// <summary>Answers the requests of one connection, one after the other.</summary>
internal sealed class ScaleConnection(ScaleServer server, Stream network)
{
    private const int FaultyPlace = 2;     // in a page: something good comes first and something after
    private const int BatchSize = 500;
    private const int GzipThreshold = 128 << 10;     // k8s.io/apiserver, endpoints/handlers/responsewriters/writers.go

    private readonly ArrayBufferWriter<byte> _objects = new(1 << 20);
    private readonly List<Range> _ranges = [];

    public async Task RunAsync(CancellationToken cancellation)
    {
        byte[] head = new byte[16 << 10];
        while (await ScaleRequest.ReadAsync(network, head, cancellation) is { } request)
        {
            await AnswerAsync(request, cancellation);
            await network.FlushAsync(cancellation);
        }
    }

    private async Task AnswerAsync(ScaleRequest request, CancellationToken cancellation)
    {
        (ScaleKind? kind, string? name) = Find(request.Path);
        bool watch = request.Query("watch") is "true" or "1";
        ScaleVerb verb = name is not null ? ScaleVerb.Get : watch ? ScaleVerb.Watch : ScaleVerb.List;
        string plural = kind?.Plural ?? request.Path;
        server.Count(verb, plural, 1, 0);
        var answer = new AnswerStream(network, bytes => server.Count(verb, plural, 0, bytes));
        if (server.Token is { } token && request.Header("Authorization") != $"Bearer {token}")
        {
            await RefuseAsync(answer, 401, "Unauthorized", cancellation);
            return;
        }

        if (kind is null)
        {
            await RefuseAsync(answer, 404, "NotFound", cancellation);
            return;
        }

        ScaleFault? fault = server.TakeFault(verb, plural);
        if (fault is { } whole && await TryFaultAsync(answer, whole, cancellation))
        {
            return;
        }

        switch (verb)
        {
            case ScaleVerb.Get:
                await GetAsync(answer, kind, name!, cancellation);
                break;
            case ScaleVerb.List:
                await ListAsync(answer, kind, request, fault, cancellation);
                break;
            default:
                await WatchAsync(answer, kind, request, fault, cancellation);
                break;
        }
    }

    // /api/v1/pods, /apis/apps/v1/namespaces/SPACE/replicasets/NAME
    private (ScaleKind? Kind, string? Name) Find(string path)
    {
        string[] parts = path.Split('/');
        int within = Array.IndexOf(parts, "namespaces");
        string collection = within < 0 || parts.Length < within + 3 ? path : string.Join('/', [.. parts[..within], parts[within + 2]]);
        string? name = within >= 0 && parts.Length == within + 4 ? parts[within + 3] : null;
        return (server.Kinds.All.GetValueOrDefault(collection), name);
    }

    private async Task<bool> TryFaultAsync(AnswerStream answer, ScaleFault fault, CancellationToken cancellation)
    {
        switch (fault)
        {
            case ScaleFault.Silence:
                // Until the client gives up.
                await network.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, cancellation);
                throw new CutException();
            case ScaleFault.Page:
                await answer.SendHeadAsync("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n", cancellation);
                await answer.WriteAsync("<!DOCTYPE html><title>Sign in</title><p>Please sign in."u8.ToArray(), cancellation);
                await answer.EndBodyAsync(cancellation);
                return true;
            case ScaleFault.Gone:
                await RefuseAsync(answer, 410, "Expired", cancellation);
                return true;
            case ScaleFault.TooManyRequests:
                await RefuseAsync(answer, 429, "TooManyRequests", cancellation, "Retry-After: 1\r\n");
                return true;
            case ScaleFault.Unauthorized:
                await RefuseAsync(answer, 401, "Unauthorized", cancellation);
                return true;
            case ScaleFault.Forbidden:
                await RefuseAsync(answer, 403, "Forbidden", cancellation);
                return true;
            case ScaleFault.ServerError:
                await RefuseAsync(answer, 500, "InternalError", cancellation);
                return true;
            default:
                return false;
        }
    }

    private static async Task RefuseAsync(AnswerStream answer, int code, string reason, CancellationToken cancellation, string headers = "")
    {
        byte[] body = Encoding.UTF8.GetBytes(Status(code, reason) + "\n");
        await answer.SendHeadAsync(
            $"HTTP/1.1 {code} {reason}\r\nContent-Type: application/json\r\n{headers}Transfer-Encoding: chunked\r\n\r\n", cancellation);
        await answer.WriteAsync(body, cancellation);
        await answer.EndBodyAsync(cancellation);
    }

    private static string Status(int code, string reason) =>
        $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{reason}}, as asked for","reason":"{{reason}}","code":{{code}}}""";

    private async Task GetAsync(AnswerStream answer, ScaleKind kind, string name, CancellationToken cancellation)
    {
        _objects.ResetWrittenCount();
        int generations = kind.Places / server.Cluster.Shape.Workloads;
        for (int generation = 0; server.Cluster.FindWorkload(name) is { } workload && generation < generations; generation++)
        {
            _objects.ResetWrittenCount();
            if (kind.Write((workload * generations) + generation, server.Version, _objects, true)
                && JsonNode.Parse(_objects.WrittenSpan) is { } found && (string?)found["metadata"]!["name"] == name)
            {
                var metadata = new JsonObject
                {
                    ["kind"] = "PartialObjectMetadata",
                    ["apiVersion"] = "meta.k8s.io/v1",
                    ["metadata"] = found["metadata"]!.DeepClone(),
                };
                await answer.SendHeadAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", cancellation);
                await answer.WriteAsync(Encoding.UTF8.GetBytes(metadata.ToJsonString()), cancellation);
                await answer.EndBodyAsync(cancellation);
                return;
            }
        }

        await RefuseAsync(answer, 404, "NotFound", cancellation);
    }

    private async Task ListAsync(AnswerStream answer, ScaleKind kind, ScaleRequest request, ScaleFault? fault, CancellationToken cancellation)
    {
        long version = server.Version;
        int place = 0;
        if (request.Query("continue") is { Length: > 0 } token)
        {
            // The version and the place of the next page.
            string[] parts = token.Split('.');
            version = long.Parse(parts[0], CultureInfo.InvariantCulture);
            place = int.Parse(parts[1], CultureInfo.InvariantCulture);
            if (version < server.Compacted)
            {
                await RefuseAsync(answer, 410, "Expired", cancellation);
                return;
            }
        }

        int limit = int.TryParse(request.Query("limit"), NumberStyles.None, CultureInfo.InvariantCulture, out int asked) && asked > 0 ? asked : int.MaxValue;
        int next = Collect(kind, version, place, Math.Min(limit, BatchSize), typed: false);
        if (limit != int.MaxValue)
        {
            next = Extend(kind, version, next, limit);
        }

        // The first batch of a list that is not cut into pages is large enough to tell.
        bool gzip = server.Gzip && _objects.WrittenCount > GzipThreshold && request.Header("Accept-Encoding").Contains("gzip", StringComparison.Ordinal);
        await answer.SendHeadAsync(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            + (gzip ? "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n" : "") + "Transfer-Encoding: chunked\r\n\r\n",
            cancellation);
        await using (Stream body = Body(answer, gzip))
        {
            string more = limit != int.MaxValue && next < kind.Places
                ? $$""","continue":"{{version}}.{{next}}","remainingItemCount":{{kind.Places - next}}""" : "";
            await body.WriteAsync(
                Encoding.ASCII.GetBytes($$$"""{"kind":"{{{kind.Kind}}}List","apiVersion":"{{{kind.ApiVersion}}}","metadata":{"resourceVersion":"{{{version}}}"{{{more}}}},"items":["""),
                cancellation);
            int written = 0;
            while (_ranges.Count > 0)
            {
                foreach (Range range in _ranges)
                {
                    if (written > 0)
                    {
                        await body.WriteAsync(","u8.ToArray(), cancellation);
                    }

                    ReadOnlyMemory<byte> item = _objects.WrittenMemory[range];
                    if (written++ == FaultyPlace && fault is { } wrong)
                    {
                        if (!await FaultyObject.WriteAsync(body, item, wrong, cancellation))
                        {
                            goto Cut;
                        }
                    }
                    else
                    {
                        await body.WriteAsync(item, cancellation);
                    }
                }

                if (limit != int.MaxValue)
                {
                    break;
                }

                next = Collect(kind, version, next, BatchSize, typed: false);
            }

            await body.WriteAsync("]}\n"u8.ToArray(), cancellation);
        Cut:
            await body.FlushAsync(cancellation);
        }

        await answer.EndBodyAsync(cancellation);
    }

    private async Task WatchAsync(AnswerStream answer, ScaleKind kind, ScaleRequest request, ScaleFault? fault, CancellationToken cancellation)
    {
        bool initial = request.Query("sendInitialEvents") == "true";
        if (initial && !server.InitialEvents)
        {
            await RefuseAsync(answer, 422, "Invalid", cancellation);
            return;
        }

        bool known = long.TryParse(request.Query("resourceVersion"), NumberStyles.None, CultureInfo.InvariantCulture, out long version) && version > 0;
        if (known && version < server.Compacted)
        {
            await RefuseAsync(answer, 410, "Expired", cancellation);
            return;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, server.WatchesEnd);
        await answer.SendHeadAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", end.Token);
        await answer.FlushAsync(end.Token);
        await using var body = new BufferedStream(answer, 32 << 10);
        if (initial || !known)
        {
            version = server.Version;
            await SendPresentAsync(body, kind, version, end.Token);
            if (initial)
            {
                await SendBookmarkAsync(body, kind, version, ""","annotations":{"k8s.io/initial-events-end":"true"}""", end.Token);
            }
        }

        bool bookmarks = request.Query("allowWatchBookmarks") is "true" or "1";
        TimeSpan time = int.TryParse(request.Query("timeoutSeconds"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds > 0
            ? TimeSpan.FromSeconds(seconds) : TimeSpan.FromHours(1);
        long start = TimeProvider.System.GetTimestamp(), bookmarked = start;
        while (TimeProvider.System.GetElapsedTime(start) < time)
        {
            long until = server.Version;
            for (; version < until; version++)
            {
                // A watch of another kind hears nothing of pods, but its bookmarks move on.
                if (kind == server.Kinds.Pods
                    && !await SendChangeAsync(body, version + 1, fault ?? server.TakeFault(ScaleVerb.Watch, kind.Plural), end.Token))
                {
                    await body.FlushAsync(end.Token);
                    await answer.EndBodyAsync(end.Token);
                    return;
                }

                fault = null;
            }

            if (bookmarks && TimeProvider.System.GetElapsedTime(bookmarked) >= server.BookmarkInterval)
            {
                bookmarked = TimeProvider.System.GetTimestamp();
                await SendBookmarkAsync(body, kind, version, "", end.Token);
            }

            await body.FlushAsync(end.Token);
            TimeSpan left = time - TimeProvider.System.GetElapsedTime(start);
            TimeSpan wait = bookmarks && server.BookmarkInterval < left ? server.BookmarkInterval : left;
            if (wait > TimeSpan.Zero)
            {
                // Whether it ended by a change or by time is looked at above.
                await server.WaitBeyondAsync(version).WaitAsync(wait, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                end.Token.ThrowIfCancellationRequested();
            }
        }

        await answer.EndBodyAsync(end.Token);
    }

    private async Task SendPresentAsync(Stream body, ScaleKind kind, long version, CancellationToken cancellation)
    {
        for (int place = 0; place < kind.Places;)
        {
            place = Collect(kind, version, place, BatchSize, typed: true);
            foreach (Range range in _ranges)
            {
                await SendEventAsync(body, "ADDED", _objects.WrittenMemory[range], null, cancellation);
            }
        }
    }

    private async Task<bool> SendChangeAsync(Stream body, long version, ScaleFault? fault, CancellationToken cancellation)
    {
        if (fault == ScaleFault.GoneEvent)
        {
            await body.WriteAsync(Encoding.UTF8.GetBytes($$"""{"type":"ERROR","object":{{Status(410, "Expired")}} }""" + "\n"), cancellation);
            return false;
        }

        ScalePod pod = server.Cluster.Changed(version);
        _objects.ResetWrittenCount();
        server.Kinds.WritePod(pod, _objects, typed: true);
        string type = pod.State switch
        {
            ScalePodState.Gone => "DELETED",
            ScalePodState.Pending => "ADDED",
            _ => "MODIFIED",
        };
        return await SendEventAsync(body, type, _objects.WrittenMemory, fault, cancellation);
    }

    private static async Task<bool> SendEventAsync(Stream body, string type, ReadOnlyMemory<byte> @object, ScaleFault? fault, CancellationToken cancellation)
    {
        await body.WriteAsync(Encoding.ASCII.GetBytes($$"""{"type":"{{type}}","object":"""), cancellation);
        if (fault is not { } wrong)
        {
            await body.WriteAsync(@object, cancellation);
        }
        else if (!await FaultyObject.WriteAsync(body, @object, wrong, cancellation))
        {
            return false;
        }

        await body.WriteAsync("}\n"u8.ToArray(), cancellation);
        return true;
    }

    private static async Task SendBookmarkAsync(Stream body, ScaleKind kind, long version, string more, CancellationToken cancellation)
    {
        string @object = $$$"""{"kind":"{{{kind.Kind}}}","apiVersion":"{{{kind.ApiVersion}}}","metadata":{"resourceVersion":"{{{version}}}","creationTimestamp":null{{{more}}}}}""";
        await body.WriteAsync(Encoding.ASCII.GetBytes($$"""{"type":"BOOKMARK","object":{{@object}} }""" + "\n"), cancellation);
    }

    // Fills _objects and _ranges with up to count objects; returns the place after them.
    private int Collect(ScaleKind kind, long version, int place, int count, bool typed)
    {
        _objects.ResetWrittenCount();
        _ranges.Clear();
        return Extend(kind, version, place, count, typed);
    }

    private int Extend(ScaleKind kind, long version, int place, int count, bool typed = false)
    {
        for (; place < kind.Places && _ranges.Count < count; place++)
        {
            int from = _objects.WrittenCount;
            if (kind.Write(place, version, _objects, typed))
            {
                _ranges.Add(from.._objects.WrittenCount);
            }
        }

        return place;
    }

    private static Stream Body(AnswerStream answer, bool gzip)
    {
        // Disposing these leaves the connection alone: AnswerStream has nothing to dispose.
        var buffered = new BufferedStream(answer, 32 << 10);
        return gzip ? new GZipStream(buffered, CompressionLevel.Fastest) : buffered;
    }
}
