using System.Globalization;
using System.Net.Security;
using System.Text.Json;
using Caretta.Aot.Json;
using Caretta.Aot.Transport;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// GET requests to the API server, over TLS that is always verified. HTTP/1.1: a watch has a connection of its own, so that one that hangs
/// holds up nothing else. Redirects are not followed and proxies not used: the token goes to the configured server alone. Any thread.
/// </summary>
internal sealed class ApiClient : IDisposable
{
    /// <summary>The usual form of objects.</summary>
    public const string Json = "application/json";

    /// <summary>Objects reduced to their metadata (Kubernetes API concepts, "Metadata-only fetches").</summary>
    public const string MetadataJson = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

    private const int MaxMessage = 300;

    private static readonly JsonShape StatusShape = JsonShape.Object(0, ("message", JsonShape.Scalar(1)));

    private readonly KubernetesConfig _config;
    private readonly ApiClientOptions _options;
    private readonly HttpTransport _transport;
    private long _requests;
    private long _bytes;

    /// <summary>Connects to nothing yet.</summary>
    public ApiClient(KubernetesConfig config, ApiClientOptions options)
    {
        _config = config;
        _options = options;
        _transport = new HttpTransport(config.Server, new TransportOptions
        {
            ConnectTimeout = options.ConnectTimeout,
            KeepIdle = TimeSpan.FromMinutes(1),
            KeepAlive = true,
            Tls = TlsOptions,
        });
    }

    /// <summary>The limits in force.</summary>
    public ApiClientOptions Options => _options;

    /// <summary>Requests sent.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Bytes of response bodies received, as they came over the wire (compressed ones count compressed).</summary>
    public long BytesReceived => Interlocked.Read(ref _bytes);

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>Sends a GET and reads the head of the response. An ordinary response: it ends within the client's limits.</summary>
    /// <param name="path">Path and query below the server's address, without a leading slash.</param>
    /// <param name="accept">Media type asked for.</param>
    /// <param name="compressed">Whether to ask for gzip. Servers compress lists of 128 KB and more.</param>
    /// <param name="cancel">Ends the request.</param>
    /// <returns>The body, to be disposed of.</returns>
    /// <exception cref="ApiException">The server refused.</exception>
    /// <exception cref="TransportException">No connection, or it broke.</exception>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public Task<ApiStream> GetAsync(string path, string accept, bool compressed, CancellationToken cancel) =>
        GetAsync(path, accept, compressed, _options.IdleTimeout, _options.ResponseTimeout, cancel);

    /// <summary>As the other, with limits of its own: a watch.</summary>
    public async Task<ApiStream> GetAsync(
        string path, string accept, bool compressed, TimeSpan idle, TimeSpan total, CancellationToken cancel)
    {
        string? token = _config.Token?.Current;
        HttpAnswer response = await SendAsync(path, accept, compressed, token, cancel).ConfigureAwait(false);
        if (response.Head.Status == 401 && token is not null && _config.Token!.Refuse(token))
        {
            response.Dispose();
            response = await SendAsync(path, accept, compressed, _config.Token.Current, cancel).ConfigureAwait(false);
        }

        try
        {
            if (response.Head.Status != 200)
            {
                throw await RefusalAsync(response, path, cancel).ConfigureAwait(false);
            }

            return new ApiStream(response, idle, total, _options.Time, Count);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Fetches one small document.</summary>
    /// <param name="path">As for <see cref="GetAsync(string, string, bool, CancellationToken)"/>.</param>
    /// <param name="accept">Media type asked for.</param>
    /// <param name="shape">What is wanted of it.</param>
    /// <param name="consumer">Takes it.</param>
    /// <param name="cancel">Ends the request.</param>
    /// <exception cref="BadResponseException">The document cannot be used; besides the exceptions of the request itself.</exception>
    public async Task ReadAsync(string path, string accept, JsonShape shape, JsonConsumer consumer, CancellationToken cancel)
    {
        using ApiStream body = await GetAsync(path, accept, compressed: false, cancel).ConfigureAwait(false);
        var json = new JsonStream(_options.SmallJson);
        await json.ReadAsync(body, shape, consumer, cancel).ConfigureAwait(false);
        if (json.Values != 1)
        {
            throw new BadResponseException($"{path}: expected one JSON document");
        }
    }

    /// <summary>Whether this is a failure that time may mend: of the network, of the server, or of one response.</summary>
    public static bool IsTransient(Exception e) =>
        e is IOException or TimeoutException or BadResponseException or ApiException or KubernetesConfigException;

    /// <summary>What went wrong, in one short line.</summary>
    public static string Describe(Exception e)
    {
        string text = e.Message;
        for (Exception? inner = e.InnerException; inner is not null && e is IOException; inner = inner.InnerException)
        {
            text = text.Contains(inner.Message, StringComparison.Ordinal) ? text : $"{text}: {inner.Message}";
        }

        return OneLine(text);
    }

    /// <summary>Text from outside, shortened and without line breaks.</summary>
    public static string OneLine(string text)
    {
        string shorter = text.Length > MaxMessage ? string.Concat(text.AsSpan(0, MaxMessage), "…") : text;
        return shorter.ReplaceLineEndings(" ");
    }

    private async Task<HttpAnswer> SendAsync(string path, string accept, bool compressed, string? token, CancellationToken cancel)
    {
        (string, string?)[] headers =
        [
            ("Accept", accept),
            ("User-Agent", "caretta/" + BuildInfo.Version),
            ("Accept-Encoding", compressed ? "gzip" : null),
            ("Authorization", token is null ? null : "Bearer " + token),
        ];
        Interlocked.Increment(ref _requests);
        using var timer = new CancellationTokenSource(_options.HeadTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancel);
        try
        {
            return await _transport.GetAsync(path, headers, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {_options.HeadTimeout.TotalSeconds} s", e);
        }
    }

    private async Task<ApiException> RefusalAsync(HttpAnswer response, string path, CancellationToken cancel)
    {
        int code = response.Head.Status;
        string message = "";
        if (code is >= 300 and < 400)
        {
            message = ": redirects are not followed";
        }
        else if (response.Head.MediaType == Json)
        {
            try
            {
                using var body = new ApiStream(response, _options.IdleTimeout, _options.IdleTimeout, _options.Time, Count);
                var status = new StatusMessage();
                var limits = new JsonLimits { BufferBytes = 4096, MaxStringBytes = _options.MaxErrorBytes, MaxValueBytes = _options.MaxErrorBytes };
                await new JsonStream(limits).ReadAsync(body, StatusShape, status, cancel).ConfigureAwait(false);
                message = ": " + status.Text;
            }
            catch (Exception e) when (IsTransient(e))
            {
                // The status says enough.
            }
        }

        string request = path.Split('?')[0];
        return new ApiException(code, OneLine($"GET /{request}: {code}{message}"), RetryAfter(response.Head.RetryAfter));
    }

    // RFC 9110 §10.2.3: seconds, or a date.
    private TimeSpan? RetryAfter(string? header)
    {
        TimeSpan? delay = uint.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out uint seconds) ? TimeSpan.FromSeconds(seconds)
            : DateTimeOffset.TryParseExact(header, "r", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset date)
                ? date - _options.Time.GetUtcNow() : null;
        return delay is not TimeSpan wait ? null
            : wait < TimeSpan.Zero ? TimeSpan.Zero
            : wait > _options.MaxRetryAfter ? _options.MaxRetryAfter : wait;
    }

    private void Count(int bytes) => Interlocked.Add(ref _bytes, bytes);

    // Made for every connection, since authorities are renewed; connections are few. An address may have another name (tls-server-name).
    private SslClientAuthenticationOptions TlsOptions() => new()
    {
        TargetHost = _config.TlsServerName ?? _config.Server.IdnHost,
        ClientCertificateContext = _config.Client,
        CertificateChainPolicy = CertificatePolicy.Create(
            _config.Authorities is { } authorities ? KubernetesConfig.ReadAuthorities(authorities(), _config.Source) : null),
    };

    private sealed class StatusMessage : JsonConsumer
    {
        public string Text { get; private set; } = "";

        public override void Value(int field, ref Utf8JsonReader reader)
        {
            if (reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped)
            {
                Text = System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                Span<char> text = stackalloc char[4096];
                Text = text[..reader.CopyString(text)].ToString();
            }
        }

        public override void WrongType(int field)
        {
        }
    }
}
