using System.Globalization;
using System.Net;

using Caretta.Cluster.Tests.Scale;

using Xunit;

namespace Caretta.Cluster.Tests;

/// <summary>What an agent's start costs the API server of a large cluster.</summary>
public sealed class StartCostTests
{
    // Original's pkg/k8s/ipresolver.go, StartWatching and getFullClusterSnapshot: each of nine kinds is watched from no version, which
    // sends all objects as events, and listed in one piece besides. Go's client asks for gzip; API servers compress lists and no watches.
    private static readonly string[] WatchedThree = ["pods", "services", "nodes"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Three_kinds_listed_once_cost_a_third_of_what_the_original_asks_for_or_less()
    {
        await using var server = new ScaleServer(ScaleShape.Large);
        using HttpClient http = HttpOf(server);
        foreach (string path in server.Kinds.All.Keys)
        {
            await ReadListAsync(http, path);
        }

        long nineLists = server.Total().Bytes;
        long threeLists = WatchedThree.Sum(plural => server.Tally(ScaleVerb.List, plural).Bytes);
        foreach (ScaleKind kind in server.Kinds.All.Values)
        {
            await ReadPresentAsync(server, http, kind);
        }

        long original = server.Total().Bytes;
        server.ResetTallies();
        server.Gzip = false;
        await ReadListAsync(http, server.Kinds.Pods.Path);
        long plainPods = server.Total().Bytes;

        string figures = string.Create(
            CultureInfo.InvariantCulture,
            $"three lists {threeLists / 1e6:f1} MB, nine lists {nineLists / 1e6:f1} MB, with nine watches {original / 1e6:f1} MB; pods alone, plain, {plainPods / 1e6:f1} MB");
        TestContext.Current.SendDiagnosticMessage(figures);
        TestContext.Current.TestOutputHelper!.WriteLine(figures);
        Assert.True(threeLists * 3 <= original, figures);
        Assert.InRange(plainPods / (double)ScaleShape.Large.Pods, 5_500, 6_500);
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
    private static async Task ReadPresentAsync(ScaleServer server, HttpClient http, ScaleKind kind)
    {
        server.InitialEvents = true;
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
