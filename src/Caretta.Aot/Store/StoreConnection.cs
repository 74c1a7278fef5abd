using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Caretta.Aot.Json;

namespace Caretta.Aot.Store;

/// <summary>
/// Asks the one configured server, and turns whatever goes wrong into a <see cref="StoreException"/>. Redirects are not followed and
/// proxies not used: credentials go to that server alone. Any thread.
/// </summary>
internal sealed class StoreConnection : IDisposable
{
    private const int MaxShownError = 200;
    private const int MaxErrorBytes = 64 * 1024;

    private static readonly JsonLimits AnswerLimits = new() { MaxStringBytes = 1 << 20, MaxDepth = 16 };

    private readonly Uri _base;
    private readonly StoreLimits _limits;
    private readonly AuthenticationHeaderValue? _credentials;
    private readonly HttpMessageInvoker _transport;
    private long _requests;

    /// <summary>Connects to nothing yet.</summary>
    /// <param name="url">Absolute http or https URL; what stands before the host are credentials.</param>
    /// <param name="limits">What an answer may cost.</param>
    public StoreConnection(string url, StoreLimits limits)
    {
        var given = new Uri(url);
        string path = given.AbsolutePath.TrimEnd('/') + "/api/v1/";
        _base = new UriBuilder(given) { UserName = "", Password = "", Path = path }.Uri;
        _limits = limits;
        Address = $"{given.Scheme}://{given.Authority}{given.AbsolutePath.TrimEnd('/')}";
        if (given.UserInfo.Length > 0)
        {
            string plain = Uri.UnescapeDataString(given.UserInfo);
            string pair = plain.Contains(':', StringComparison.Ordinal) ? plain : plain + ":";
            _credentials = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }

        _transport = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            MaxConnectionsPerServer = limits.Questions,
            MaxResponseHeadersLength = 16,      // KB
            MaxResponseDrainSize = 0,
        });
    }

    /// <summary>Where it is, without credentials.</summary>
    public string Address { get; }

    /// <summary>Requests sent.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Asks for the value at one time.</summary>
    /// <exception cref="StoreException">There is no answer that can be used.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> says so.</exception>
    public Task QueryAsync(string query, double time, SeriesReader reader, CancellationToken cancel) =>
        // VictoriaMetrics shows the newest samples only when told not to use its cache.
        AskAsync("query", reader, cancel, ("query", query), ("time", Number(time)), ("nocache", "1"));

    /// <summary>Asks for values over time.</summary>
    /// <exception cref="StoreException">There is no answer that can be used.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> says so.</exception>
    public Task QueryRangeAsync(string query, double from, double to, double step, SeriesReader reader, CancellationToken cancel) =>
        AskAsync(
            "query_range", reader, cancel,
            ("query", query), ("start", Number(from)), ("end", Number(to)), ("step", Number(step)), ("nocache", "1"));

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    private static string Number(double value) => value.ToString("F3", System.Globalization.CultureInfo.InvariantCulture);

    private async Task AskAsync(
        string path, SeriesReader reader, CancellationToken cancel, params (string Name, string Value)[] parameters)
    {
        try
        {
            using HttpResponseMessage response = await SendAsync(path, parameters, cancel).ConfigureAwait(false);
            bool isOk = response.StatusCode == HttpStatusCode.OK;

            // application/json, and where VictoriaMetrics gives samples application/stream+json.
            bool isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
            if (!isOk && !isJson)
            {
                throw Refused(response.StatusCode, "");
            }

            // What a proxy or a web page answers is no JSON, whatever its status.
            if (!isJson)
            {
                throw StoreException.Away($"{Address} does not answer as a Prometheus API does: PROMETHEUS_URL should name one");
            }

            reader.MaxSeries = _limits.Series;
            using var body = new BoundedStream(
                await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false), isOk ? _limits.AnswerBytes : MaxErrorBytes);
            var json = new JsonStream(AnswerLimits);
            await json.ReadAsync(body, reader.Shape, reader, cancel).ConfigureAwait(false);
            if (!isOk || !reader.Succeeded || json.Values != 1)
            {
                throw Refused(response.StatusCode, reader.Error);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or IOException)
        {
            cancel.ThrowIfCancellationRequested();
            Exception cause = failure.InnerException is SocketException inner ? inner : failure;
            throw StoreException.Away($"the store at {Address} cannot be reached: {OneLine(cause.Message)}");
        }
        catch (BadResponseException failure)
        {
            throw StoreException.Away($"the store at {Address} gave an answer that cannot be read: {OneLine(failure.Message)}");
        }
    }

    private Task<HttpResponseMessage> SendAsync(string path, (string Name, string Value)[] parameters, CancellationToken cancel)
    {
        var form = new StringBuilder();
        foreach ((string name, string value) in parameters)
        {
            form.Append(form.Length == 0 ? "" : "&").Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }

        // POST, for questions can be longer than some servers take in a line.
        var content = new ByteArrayContent(Encoding.ASCII.GetBytes(form.ToString()));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_base, path))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "caretta");
        request.Headers.Authorization = _credentials;
        Interlocked.Increment(ref _requests);
        return _transport.SendAsync(request, cancel);
    }

    private StoreException Refused(HttpStatusCode status, string error)
    {
        string said = error.Length == 0 ? "" : $": {OneLine(error)}";
        return (int)status switch
        {
            401 or 403 => StoreException.Away($"the store at {Address} refuses access ({(int)status}): PROMETHEUS_URL may hold user:password@"),
            404 => StoreException.Away($"there is no Prometheus API at {Address}: PROMETHEUS_URL should name one, its path included"),
            >= 300 and < 400 => StoreException.Away($"the store at {Address} redirects ({(int)status}): PROMETHEUS_URL should name where to"),
            _ => StoreException.Away($"the store at {Address} refused ({(int)status}){said}"),
        };
    }

    private static string OneLine(string text)
    {
        var line = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (line.Length >= MaxShownError)
            {
                line.Append('…');
                break;
            }

            line.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return line.ToString();
    }
}
