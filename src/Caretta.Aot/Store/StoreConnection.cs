using System.Net.Sockets;
using System.Text;
using Caretta.Aot.Json;
using Caretta.Aot.Map;
using Caretta.Aot.Transport;

namespace Caretta.Aot.Store;

/// <summary>
/// Sends queries to the store and reads its answers as they come. Whatever goes wrong is a <see cref="MapException"/>. Redirects are not
/// followed and proxies not used: a password goes to the configured server alone. Any thread.
/// </summary>
internal sealed class StoreConnection : IDisposable
{
    // No honest label is as long; the value of one that is reads as empty.
    private const int BufferBytes = 32 * 1024;

    private readonly StoreLimits _limits;
    private readonly HttpTransport _transport;
    private readonly Uri _base;
    private readonly string? _credentials;

    /// <summary>Connects to nothing yet.</summary>
    public StoreConnection(string url, StoreLimits limits)
    {
        var given = new Uri(url);
        _limits = limits;
        _base = new UriBuilder(given) { UserName = "", Password = "", Path = given.AbsolutePath.TrimEnd('/') + "/" }.Uri;
        _credentials = given.UserInfo.Length == 0 ? null : "Basic " + Encode(given.UserInfo);
        _transport = new HttpTransport(_base, new TransportOptions { ConnectTimeout = limits.Connect });
    }

    /// <summary>The store's address without credentials, for messages.</summary>
    public string Name => _base.GetLeftPart(UriPartial.Path).TrimEnd('/');

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>Asks for values at one time.</summary>
    public Task QueryAsync(string query, double time, SeriesReader series, CancellationToken cancel) =>
        // nocache: VictoriaMetrics otherwise hides the last 30 s (-search.latencyOffset); Prometheus knows no such parameter.
        ReadAsync($"api/v1/query?query={Uri.EscapeDataString(query)}&time={PromQl.Seconds(time)}&timeout={Timeout}&nocache=1", series, cancel);

    /// <summary>Asks for values at many times.</summary>
    public Task QueryRangeAsync(string query, double from, double to, double step, SeriesReader series, CancellationToken cancel) =>
        ReadAsync(
            $"api/v1/query_range?query={Uri.EscapeDataString(query)}&start={PromQl.Seconds(from)}&end={PromQl.Seconds(to)}"
            + $"&step={PromQl.Seconds(step)}&timeout={Timeout}&nocache=1",
            series,
            cancel);

    private string Timeout => PromQl.Seconds(_limits.Question.TotalSeconds) + "s";

    private static string Encode(string userInfo) => Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(userInfo)));

    private async Task ReadAsync(string path, SeriesReader series, CancellationToken cancel)
    {
        series.Reset();
        using HttpAnswer response = await AskAsync(path, cancel).ConfigureAwait(false);
        try
        {
            await TakeAsync(response, series, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or BadResponseException)
        {
            throw StoreFailure.Away($"the store at {Name} gave an answer that cannot be used: {StoreFailure.Clean(e.Message)}");
        }
    }

    private async Task<HttpAnswer> AskAsync(string path, CancellationToken cancel)
    {
        (string, string?)[] headers =
        [
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip"),
            ("User-Agent", "caretta/" + BuildInfo.Version),
            ("Authorization", _credentials),
        ];
        try
        {
            return await _transport.GetAsync(path, headers, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw StoreFailure.Away($"the store at {Name} cannot be reached: {e.Message} (see PROMETHEUS_URL)");
        }
        catch (TransportException e)
        {
            string advice = e.IsTls ? "the certificate must be one that this machine trusts" : "see PROMETHEUS_URL";
            throw StoreFailure.Away($"the store at {Name} cannot be reached: {Explain(e)} ({advice})");
        }
    }

    private async Task TakeAsync(HttpAnswer response, SeriesReader series, CancellationToken cancel)
    {
        int code = response.Head.Status;
        string type = response.Head.MediaType ?? "no content type";

        // VictoriaMetrics calls it so where samples are asked for as they are.
        bool isJson = type is "application/json" or "application/stream+json";
        if (code == 200 && !isJson)
        {
            throw StoreFailure.Away($"the store at {Name} answers with {StoreFailure.Clean(type)} and not with JSON: is PROMETHEUS_URL that of a Prometheus?");
        }

        if (isJson && code is 200 or 400 or 422 or >= 500)
        {
            await ReadJsonAsync(response, series, code == 200, cancel).ConfigureAwait(false);
        }

        if (code == 200 && series.IsComplete)
        {
            return;
        }

        string said = series.Failure.Length > 0 ? ": " + StoreFailure.Clean(series.Failure) : "";
        throw code switch
        {
            _ when series.FailureType is "timeout" or "canceled" => StoreFailure.Slow(_limits.Question),
            200 when !series.Succeeded && said.Length > 0 => StoreFailure.Away($"the store at {Name} refused{said}"),
            200 => StoreFailure.Away($"the store at {Name} gave an answer that cannot be used: it has no result"),
            >= 300 and < 400 => StoreFailure.Away($"the store at {Name} answers {code}, and redirects are not followed: set PROMETHEUS_URL to where it leads"),
            401 or 403 => StoreFailure.Away($"the store at {Name} refused the credentials ({code}): see user and password in PROMETHEUS_URL"),
            404 => StoreFailure.Away($"the store at {Name} has no query API (404): is PROMETHEUS_URL that of a Prometheus, with its path?"),
            _ => StoreFailure.Away($"the store at {Name} refused ({code}){said}"),
        };
    }

    private async Task ReadJsonAsync(HttpAnswer response, SeriesReader series, bool isAnswer, CancellationToken cancel)
    {
        using Stream body = response.Head.IsGzip ? new GunzipStream(response.Body) : response.Body;
        using var bounded = new BoundedStream(body, _limits.MaxBytes);
        var json = new JsonStream(new JsonLimits { BufferBytes = BufferBytes, MaxStringBytes = _limits.MaxBytes, MaxDepth = 16 });
        try
        {
            await json.ReadAsync(bounded, series.Shape, series, cancel).ConfigureAwait(false);
        }
        catch (BadResponseException) when (!isAnswer)
        {
            // The status says enough.
        }
    }

    private static string Explain(TransportException e)
    {
        Exception innermost = e;
        while (innermost.InnerException is { } inner)
        {
            innermost = inner;
        }

        return innermost is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }
            ? "its name is not known" : StoreFailure.Clean(innermost.Message);
    }
}
