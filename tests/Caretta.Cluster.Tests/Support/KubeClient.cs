using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Caretta.Cluster.Tests.Support;

/// <summary>The tests' own way to the API server: whole objects as JSON, errors as exceptions.</summary>
internal sealed class KubeClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Func<string> _token;

    /// <param name="endpoint">Of the server.</param>
    /// <param name="authority">To trust.</param>
    /// <param name="token">Asked before each request.</param>
    public KubeClient(Uri endpoint, TestAuthority authority, Func<string> token)
    {
        _token = token;
        var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None };
        handler.SslOptions.CertificateChainPolicy = authority.TrustPolicy();
        _http = new HttpClient(handler) { BaseAddress = endpoint, Timeout = TimeSpan.FromSeconds(100) };
    }

    /// <summary>Creates what the manifest says, in its namespace.</summary>
    /// <returns>The object as the server has it now.</returns>
    public Task<JsonObject> CreateAsync(JsonObject manifest, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, KubePath.Of(manifest, withName: false), manifest, "application/json", cancellation);

    public Task<JsonObject> GetAsync(string path, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, path, body: null, "application/json", cancellation);

    /// <summary>The items of a list.</summary>
    public async Task<IReadOnlyList<JsonObject>> ListAsync(string path, CancellationToken cancellation)
    {
        JsonObject list = await GetAsync(path, cancellation);
        return [.. list["items"]!.AsArray().Select(static item => item!.AsObject())];
    }

    /// <summary>Changes the fields that the patch has (RFC 7396).</summary>
    /// <param name="path">Of the object, with <c>/status</c> for its status.</param>
    /// <param name="patch">The fields.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public Task<JsonObject> PatchAsync(string path, JsonObject patch, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json", cancellation);

    /// <summary>Deletes at once, without waiting for a kubelet.</summary>
    public Task<JsonObject> DeleteAsync(string path, CancellationToken cancellation, int graceSeconds = 0) => SendAsync(
        HttpMethod.Delete,
        path,
        new JsonObject { ["gracePeriodSeconds"] = graceSeconds, ["propagationPolicy"] = "Background" },
        "application/json",
        cancellation);

    /// <summary>Posts to a subresource.</summary>
    public Task<JsonObject> PostAsync(string path, JsonObject body, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, path, body, "application/json", cancellation);

    /// <summary>What the kubelet reports: phase and addresses, one of each family at most.</summary>
    public Task<JsonObject> SetPodStatusAsync(string podPath, string phase, CancellationToken cancellation, params string[] addresses) => PatchAsync(
        podPath + "/status",
        new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["phase"] = phase,
                ["podIP"] = addresses is [var first, ..] ? first : null,
                ["podIPs"] = new JsonArray([.. addresses.Select(static address => new JsonObject { ["ip"] = address })]),
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = phase == "Running" ? "True" : "False" }),
            },
        },
        cancellation);

    /// <summary>The events of a watch, until the server ends it.</summary>
    /// <exception cref="KubeException">The server refused it, or sent an error in the stream.</exception>
    public async IAsyncEnumerable<(string Type, JsonObject Object)> WatchAsync(
        string path,
        string resourceVersion,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        using HttpRequestMessage request = Request(HttpMethod.Get, $"{path}?watch=true&allowWatchBookmarks=true&resourceVersion={resourceVersion}");
        using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            throw KubeException.From(request, (int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellation));
        }

        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation));
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            JsonNode @event = JsonNode.Parse(line)!;
            string type = (string)@event["type"]!;
            JsonObject @object = @event["object"]!.AsObject();
            if (type == "ERROR")
            {
                throw KubeException.From(request, (int)@object["code"]!, @object.ToJsonString());
            }

            yield return (type, @object);
        }
    }

    /// <summary>The text under a path, or null when the server does not answer with 200.</summary>
    public async Task<string?> TryReadTextAsync(string path, CancellationToken cancellation)
    {
        using HttpRequestMessage request = Request(HttpMethod.Get, path);
        using HttpResponseMessage answer = await _http.SendAsync(request, cancellation);
        return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsStringAsync(cancellation) : null;
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject? body, string type, CancellationToken cancellation)
    {
        using HttpRequestMessage request = Request(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, type);
        }

        using HttpResponseMessage answer = await _http.SendAsync(request, cancellation);
        string text = await answer.Content.ReadAsStringAsync(cancellation);
        return answer.IsSuccessStatusCode
            ? JsonNode.Parse(text)!.AsObject()
            : throw KubeException.From(request, (int)answer.StatusCode, text);
    }

    private HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token());
        return request;
    }
}
