using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Caretta.Aot.Json;

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
    private readonly Uri _server;
    private readonly HttpMessageInvoker _transport;
    private long _requests;
    private long _bytes;

    /// <summary>Connects to nothing yet.</summary>
    public ApiClient(KubernetesConfig config, ApiClientOptions options)
    {
        _config = config;
        _options = options;

        // TLS is laid over the connection here and not by the handler, which can neither check another name than the address (tls-server-name)
        // nor take up a renewed authority. To the handler the connection looks plain.
        _server = new UriBuilder(config.Server) { Scheme = Uri.UriSchemeHttp, Port = config.Server.Port }.Uri;
        _transport = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxConnectionsPerServer = 8,
            MaxResponseHeadersLength = 16,      // KB
            MaxResponseDrainSize = 0,
            ConnectCallback = ConnectAsync,
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
    /// <exception cref="HttpRequestException">No connection, or it broke.</exception>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public Task<ApiStream> GetAsync(string path, string accept, bool compressed, CancellationToken cancel) =>
        GetAsync(path, accept, compressed, _options.IdleTimeout, _options.ResponseTimeout, cancel);

    /// <summary>As the other, with limits of its own: a watch.</summary>
    public async Task<ApiStream> GetAsync(
        string path, string accept, bool compressed, TimeSpan idle, TimeSpan total, CancellationToken cancel)
    {
        string? token = _config.Token?.Current;
        HttpResponseMessage response = await SendAsync(path, accept, compressed, token, cancel).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.Unauthorized && token is not null && _config.Token!.Refuse(token))
        {
            response.Dispose();
            response = await SendAsync(path, accept, compressed, _config.Token.Current, cancel).ConfigureAwait(false);
        }

        try
        {
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw await RefusalAsync(response, path, cancel).ConfigureAwait(false);
            }

            return await ApiStream.OpenAsync(response, idle, total, _options.Time, Count, cancel).ConfigureAwait(false);
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
        e is HttpRequestException or IOException or TimeoutException or BadResponseException or ApiException or KubernetesConfigException;

    /// <summary>What went wrong, in one short line.</summary>
    public static string Describe(Exception e)
    {
        string text = e.Message;
        for (Exception? inner = e.InnerException; inner is not null && e is HttpRequestException or IOException; inner = inner.InnerException)
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

    private async Task<HttpResponseMessage> SendAsync(string path, string accept, bool compressed, string? token, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_server, path))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("User-Agent", "caretta/" + BuildInfo.Version);
        if (compressed)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        }

        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        Interlocked.Increment(ref _requests);
        using var timer = new CancellationTokenSource(_options.HeadTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancel);
        try
        {
            return await _transport.SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException(
                timer.IsCancellationRequested ? $"no answer within {_options.HeadTimeout.TotalSeconds} s" : "no connection in time", e);
        }
    }

    private async Task<ApiException> RefusalAsync(HttpResponseMessage response, string path, CancellationToken cancel)
    {
        int code = (int)response.StatusCode;
        string message = "";
        if (code is >= 300 and < 400)
        {
            message = ": redirects are not followed";
        }
        else if (response.Content.Headers.ContentType?.MediaType == Json)
        {
            try
            {
                using ApiStream body = await ApiStream.OpenAsync(
                    response, _options.IdleTimeout, _options.IdleTimeout, _options.Time, Count, cancel).ConfigureAwait(false);
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
        return new ApiException(code, OneLine($"GET /{request}: {code}{message}"), RetryAfter(response.Headers.RetryAfter));
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header)
    {
        TimeSpan? delay = header?.Delta ?? (header?.Date is DateTimeOffset date ? date - _options.Time.GetUtcNow() : null);
        return delay is not TimeSpan wait ? null
            : wait < TimeSpan.Zero ? TimeSpan.Zero
            : wait > _options.MaxRetryAfter ? _options.MaxRetryAfter : wait;
    }

    private void Count(int bytes) => Interlocked.Add(ref _bytes, bytes);

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        SslStream? tls = null;
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancel).ConfigureAwait(false);

            // Only now: a name may have several addresses, and the runtime does not try them with a socket whose options were changed.
            socket.NoDelay = true;

            // A peer that is gone is noticed within half a minute, whatever the watch waits for.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);

            tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await tls.AuthenticateAsClientAsync(TlsOptions(), cancel).ConfigureAwait(false);
            return tls;
        }
        catch
        {
            tls?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    // Made for every connection, since authorities are renewed; connections are few.
    private SslClientAuthenticationOptions TlsOptions()
    {
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = _config.TlsServerName ?? _config.Server.IdnHost,
            ClientCertificateContext = _config.Client,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
        if (_config.Authorities is Func<string> authorities)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            policy.CustomTrustStore.AddRange(KubernetesConfig.ReadAuthorities(authorities(), _config.Source));
            policy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));      // TLS server
            tls.CertificateChainPolicy = policy;
        }

        return tls;
    }

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
