using System.Globalization;
using System.Net;

using Caretta.Aot;
using Caretta.Aot.Cluster;
using Caretta.Aot.Kubernetes;
using Caretta.Cluster.Tests.Scale;
using Caretta.Testing;

using Xunit;

namespace Caretta.Cluster.Tests;

/// <summary>What an agent's start costs the API server of a large cluster.</summary>
public sealed class StartCostTests
{
    // Original's pkg/k8s/ipresolver.go, StartWatching and getFullClusterSnapshot: each of nine kinds is watched from no version, which
    // sends all objects as events, and listed in one piece besides. Go's client asks for gzip; API servers compress lists and no watches.
    private static readonly string[] Watched = ["pods", "services", "nodes"];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_agents_start_costs_a_third_of_what_the_original_asks_for_or_less()
    {
        await using var server = new ScaleServer(ScaleShape.Large) { InitialEvents = true };
        using HttpClient http = HttpOf(server);
        foreach (ScaleKind kind in server.Kinds.All.Values)
        {
            await ReadListAsync(http, kind.Path);
        }

        long nineLists = server.Total().Bytes;
        foreach (ScaleKind kind in server.Kinds.All.Values)
        {
            await ReadPresentAsync(http, kind);
        }

        long original = server.Total().Bytes;
        long threeWatches = Watched.Sum(plural => server.Tally(ScaleVerb.Watch, plural).Bytes);

        server.ResetTallies();
        using var files = new TemporaryDirectory();
        using var client = new KubernetesClient(ConfigFor(server, files), Sinks(), new KubernetesOptions(), new Log(TextWriter.Null, TimeProvider.System));
        client.Start();
        await Eventually.GetAsync("all is listed", Patience, () => Task.FromResult(client.IsSettled ? client : null), Cancellation);
        long ours = server.Total().Bytes;

        string figures = string.Create(
            CultureInfo.InvariantCulture,
            $"the agent {ours / 1e6:f1} MB; the original {original / 1e6:f1} MB, {nineLists / 1e6:f1} MB of it lists; three kinds as initial events {threeWatches / 1e6:f1} MB");
        TestContext.Current.SendDiagnosticMessage(figures);
        TestContext.Current.TestOutputHelper!.WriteLine(figures);
        Assert.Equal(Watched.Length, client.TypeCount);
        Assert.True(ours * 3 <= original, figures);

        // Why the agent lists first and does not ask for initial events.
        Assert.True(threeWatches * 3 > original, figures);
        Assert.True(threeWatches > ours * 10, figures);

        // What the agent says of itself is without the headers and the framing of chunks.
        Assert.InRange(client.BytesReceived, ours * 0.99, ours);
        Assert.All(Watched, plural => Assert.Equal(0, client.Status(Array.IndexOf(Watched, plural)).Skipped));
        Assert.Equal(ScaleShape.Large.Pods, client.Status(0).Listed);
    }

    [Fact]
    public async Task A_pod_takes_as_many_bytes_as_they_do_in_practice()
    {
        await using var server = new ScaleServer(ScaleShape.Large) { Gzip = false };
        using HttpClient http = HttpOf(server);
        await ReadListAsync(http, server.Kinds.Pods.Path);
        Assert.InRange(server.Total().Bytes / (double)ScaleShape.Large.Pods, 5_500, 6_500);
    }

    private static KubernetesConfig ConfigFor(ScaleServer server, TemporaryDirectory files)
    {
        Support.Kubeconfig.Write(files["kubeconfig"], server.Endpoint, server.Authority, "token: start");
        return KubernetesConfig.Find(name => name == "KUBECONFIG" ? files["kubeconfig"] : null, TimeProvider.System)!;
    }

    private static KubernetesSinks Sinks()
    {
        // The agent's own queue; nobody empties it here.
        var changes = new ClusterChanges(static () => { });
        return new KubernetesSinks(changes, changes, changes, EndpointSlices: null);
    }

    private static async Task ReadListAsync(HttpClient http, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using HttpResponseMessage answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        answer.EnsureSuccessStatusCode();
        await answer.Content.CopyToAsync(Stream.Null, Cancellation);
    }

    // The watch goes on after the present state; its bookmark says that this is over.
    private static async Task ReadPresentAsync(HttpClient http, ScaleKind kind)
    {
        var path = new Uri($"{kind.Path}?watch=true&sendInitialEvents=true&timeoutSeconds=1", UriKind.Relative);
        using HttpResponseMessage answer = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        answer.EnsureSuccessStatusCode();
        await answer.Content.CopyToAsync(Stream.Null, Cancellation);
    }

    private static HttpClient HttpOf(ScaleServer server)
    {
        var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None };
        handler.SslOptions.CertificateChainPolicy = server.Authority.TrustPolicy();
        return new HttpClient(handler) { BaseAddress = server.Endpoint };
    }
}
