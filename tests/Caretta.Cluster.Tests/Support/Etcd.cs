using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

using Caretta.Testing;

namespace Caretta.Cluster.Tests.Support;

/// <summary>The cluster's store: one etcd on loopback, with its data in a directory of the test.</summary>
internal sealed class Etcd : IAsyncDisposable
{
    private readonly string _data;
    private readonly int _port = ChildProcess.FreePort();
    private readonly int _peerPort = ChildProcess.FreePort();
    private readonly HttpClient _http = new();
    private ChildProcess? _process;

    private Etcd(string data) => _data = data;

    public Uri Endpoint => new($"http://127.0.0.1:{_port}");

    /// <summary>Starts it and waits until it answers.</summary>
    public static async Task<Etcd> StartAsync(string data, CancellationToken cancellation)
    {
        var etcd = new Etcd(data);
        try
        {
            await etcd.StartAsync(cancellation);
            return etcd;
        }
        catch
        {
            await etcd.DisposeAsync();
            throw;
        }
    }

    /// <summary>Forgets all history before now: who asks for an older resourceVersion is told 410 Gone.</summary>
    /// <returns>The revision compacted to.</returns>
    public async Task<long> CompactAsync(CancellationToken cancellation)
    {
        // The key 0x00; only the answer's header matters. Numbers of 64 bits travel as strings.
        JsonNode range = await PostAsync("/v3/kv/range", new JsonObject { ["key"] = "AA==" }, cancellation);
        long revision = long.Parse((string)range["header"]!["revision"]!, CultureInfo.InvariantCulture);
        await PostAsync("/v3/kv/compaction", new JsonObject { ["revision"] = revision, ["physical"] = true }, cancellation);
        return revision;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _http.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        var peer = new Uri($"http://127.0.0.1:{_peerPort}");
        _process = new ChildProcess(ClusterTools.Find("etcd"), [
            "--data-dir", _data,
            "--listen-client-urls", Trim(Endpoint),
            "--advertise-client-urls", Trim(Endpoint),
            "--listen-peer-urls", Trim(peer),
            "--initial-advertise-peer-urls", Trim(peer),
            "--initial-cluster", $"default={Trim(peer)}",
            "--logger", "zap", "--log-level", "warn"]);
        await Eventually.GetAsync(
            "etcd answers",
            TimeSpan.FromSeconds(30),
            async () => _process.HasExited
                ? throw new InvalidOperationException($"etcd ended: {_process.Log}")
                : await _http.GetStringAsync(new Uri(Endpoint, "/health"), cancellation) is { } health && health.Contains("true", StringComparison.Ordinal)
                    ? health : null,
            cancellation);
    }

    private static string Trim(Uri uri) => uri.ToString().TrimEnd('/');

    private async Task<JsonNode> PostAsync(string path, JsonObject body, CancellationToken cancellation)
    {
        using HttpResponseMessage answer = await _http.PostAsJsonAsync(new Uri(Endpoint, path), body, cancellation);
        string text = await answer.Content.ReadAsStringAsync(cancellation);
        return answer.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"etcd {path}: {text}");
    }
}
