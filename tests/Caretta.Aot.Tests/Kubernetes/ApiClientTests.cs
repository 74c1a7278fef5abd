using System.Diagnostics;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Caretta.Aot.Json;
using Caretta.Aot.Kubernetes;
using Caretta.Aot.Transport;
using Xunit;

namespace Caretta.Aot.Tests.Kubernetes;

public sealed class ApiClientTests
{
    [Fact]
    public async Task A_request_says_who_asks_for_what()
    {
        FakeExchange? seen = null;
        using var server = new FakeApiServer(exchange =>
        {
            seen = exchange;
            return exchange.JsonAsync("hello");
        });
        using var client = new ApiClient(server.Config(), new ApiClientOptions());
        Assert.Equal("hello", await ReadAll(client, "api/v1/pods?limit=5"));
        Assert.Equal("/api/v1/pods?limit=5", seen!.Target);
        Assert.Equal("Bearer token", seen.Headers["Authorization"]);
        Assert.Equal("application/json", seen.Headers["Accept"]);
        Assert.StartsWith("caretta/", seen.Headers["User-Agent"], StringComparison.Ordinal);
        Assert.False(seen.Headers.ContainsKey("Accept-Encoding"));
        Assert.Equal((1, 5), (client.Requests, client.BytesReceived));
    }

    [Fact]
    public async Task A_server_may_have_an_IPv6_address()
    {
        using var server = new FakeApiServer(static exchange => exchange.JsonAsync("x"), address: System.Net.IPAddress.IPv6Loopback);
        using var client = new ApiClient(server.Config(host: "[::1]"), new ApiClientOptions());
        Assert.Equal("x", await ReadAll(client, "x"));
    }

    [Fact]
    public async Task A_path_in_the_servers_address_is_kept()
    {
        using var server = new FakeApiServer(static exchange => exchange.JsonAsync("x"));
        KubernetesConfig config = server.Config();
        using var client = new ApiClient(
            new KubernetesConfig { Server = new Uri(config.Server, "k8s/c1/"), Authorities = config.Authorities }, new ApiClientOptions());
        await ReadAll(client, "api/v1/pods");
        Assert.Equal("/k8s/c1/api/v1/pods", Assert.Single(server.Requests));
    }

    [Fact]
    public async Task Compressed_responses_are_counted_as_they_came()
    {
        using var server = new FakeApiServer(static exchange =>
            exchange.JsonAsync(new string('x', 100_000), gzip: exchange.Headers["Accept-Encoding"] == "gzip"));
        using var client = new ApiClient(server.Config(), new ApiClientOptions());
        Assert.Equal(100_000, (await ReadAll(client, "x", compressed: true)).Length);
        Assert.InRange(client.BytesReceived, 1, 1000);
    }

    [Fact]
    public async Task Damaged_compression_is_a_bad_response()
    {
        using var server = new FakeApiServer(static exchange => exchange.JsonAsync("not gzip at all", extraHeaders: "Content-Encoding: gzip\r\n"));
        using var client = new ApiClient(server.Config(), new ApiClientOptions());
        await Assert.ThrowsAsync<BadResponseException>(() => ReadAll(client, "x", compressed: true));
    }

    [Fact]
    public async Task A_server_of_another_authority_gets_no_request()
    {
        using var server = new FakeApiServer(static exchange => exchange.JsonAsync("x"), new TestCertificates().Server());
        using var client = new ApiClient(server.Config(), new ApiClientOptions());
        await Assert.ThrowsAsync<TransportException>(() => ReadAll(client, "x"));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Without_authorities_of_its_own_those_of_the_system_hold()
    {
        using var server = new FakeApiServer(static exchange => exchange.JsonAsync("x"));
        using var client = new ApiClient(new KubernetesConfig { Server = server.Config().Server }, new ApiClientOptions());
        await Assert.ThrowsAsync<TransportException>(() => ReadAll(client, "x"));
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("kubernetes", true)]
    [InlineData("other", false)]
    public async Task The_certificate_must_be_for_the_servers_name(string? tlsName, bool accepted)
    {
        using var server = new FakeApiServer(static exchange => exchange.JsonAsync("x"), TestCertificates.Shared.ServerFor("kubernetes"));
        using var client = new ApiClient(server.Config(tlsName: tlsName), new ApiClientOptions());
        Exception? e = await Record.ExceptionAsync(() => ReadAll(client, "x"));
        Assert.Equal(accepted, e is null);
        Assert.Equal(accepted ? 1 : 0, server.Requests.Count);
    }

    [Fact]
    public async Task A_renewed_authority_is_taken_up()
    {
        var renewed = new TestCertificates("renewed");
        using var server = new FakeApiServer(static exchange => exchange.JsonAsync("x"), renewed.Server());
        string pem = TestCertificates.Shared.AuthorityPem;
        using var client = new ApiClient(new KubernetesConfig { Server = server.Config().Server, Authorities = () => pem }, new ApiClientOptions());
        await Assert.ThrowsAsync<TransportException>(() => ReadAll(client, "x"));
        pem = renewed.AuthorityPem;
        Assert.Equal("x", await ReadAll(client, "x"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_certificate_is_shown(bool rsa)
    {
        using var server = new FakeApiServer(static exchange => exchange.JsonAsync("x")) { WantsClientCertificate = true };
        (string certificate, string key) = TestCertificates.Shared.Client(rsa);
        KubernetesConfig config = server.Config(token: null);
        using var client = new ApiClient(
            new KubernetesConfig
            {
                Server = config.Server,
                Authorities = config.Authorities,
                Client = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate, key), null, offline: true),
            },
            new ApiClientOptions());
        await ReadAll(client, "x");
        Assert.Equal("CN=developer", server.ClientSubject);
    }

    [Fact]
    public async Task A_refused_token_is_read_again_once()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "old");
            using var server = new FakeApiServer(static exchange => exchange.Headers["Authorization"] == "Bearer new"
                ? exchange.JsonAsync("x")
                : exchange.StatusAsync(401, "Unauthorized"));
            KubernetesConfig config = server.Config();
            using var client = new ApiClient(
                new KubernetesConfig { Server = config.Server, Authorities = config.Authorities, Token = TokenSource.FromFile(file, TimeProvider.System) },
                new ApiClientOptions());
            ApiException e = await Assert.ThrowsAsync<ApiException>(() => ReadAll(client, "x"));
            Assert.Equal(401, e.Code);
            Assert.Single(server.Requests);
            File.WriteAllText(file, "new");
            Assert.Equal("x", await ReadAll(client, "x"));
            Assert.Equal(3, server.Requests.Count);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(int.MaxValue, 300)]
    public async Task A_refusal_tells_the_servers_reason_and_patience(int said, int seconds)
    {
        using var server = new FakeApiServer(exchange => exchange.StatusAsync(429, "too many\\nrequests", $"Retry-After: {said}\r\n"));
        using var client = new ApiClient(server.Config(), new ApiClientOptions());
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => ReadAll(client, "api/v1/pods?limit=1"));
        Assert.Equal("GET /api/v1/pods: 429: too many requests", e.Message);
        Assert.Equal(TimeSpan.FromSeconds(seconds), e.RetryAfter);
    }

    [Fact]
    public async Task A_refusal_with_an_endless_body_is_cut_short()
    {
        using var server = new FakeApiServer(static exchange => exchange.StatusAsync(500, new string('x', 5_000_000)));
        using var client = new ApiClient(server.Config(), new ApiClientOptions());
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => ReadAll(client, "x"));
        Assert.Equal(500, e.Code);
        Assert.InRange(client.BytesReceived, 1, 200_000);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        using var other = new FakeApiServer(static exchange => exchange.JsonAsync("x"));
        using var server = new FakeApiServer(exchange => exchange.JsonAsync("", 302, $"Location: https://127.0.0.1:{other.Port}/\r\n"));
        using var client = new ApiClient(server.Config(), new ApiClientOptions());
        ApiException e = await Assert.ThrowsAsync<ApiException>(() => ReadAll(client, "x"));
        Assert.Contains("302: redirects are not followed", e.Message, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task Silence_ends_a_request()
    {
        using var server = new FakeApiServer(static async exchange =>
        {
            if (exchange.Target == "/body")
            {
                await exchange.BeginStreamAsync();
                await exchange.WriteAsync("x");
            }

            await exchange.HangAsync();
        });
        var limits = new ApiClientOptions { HeadTimeout = TimeSpan.FromMilliseconds(300), IdleTimeout = TimeSpan.FromMilliseconds(300) };
        using var client = new ApiClient(server.Config(), limits);
        TimeoutException head = await Assert.ThrowsAsync<TimeoutException>(() => ReadAll(client, "head"));
        Assert.Equal("no answer within 0.3 s", head.Message);
        TimeoutException body = await Assert.ThrowsAsync<TimeoutException>(() => ReadAll(client, "body"));
        Assert.Equal("the server sent nothing for 0.3 s", body.Message);
    }

    [Fact]
    public async Task A_drip_ends_with_the_time_for_the_whole_response()
    {
        using var server = new FakeApiServer(static async exchange =>
        {
            await exchange.BeginStreamAsync();
            while (true)
            {
                await exchange.WriteAsync(" ");
                await Task.Delay(20);
            }
        });
        using var client = new ApiClient(server.Config(), new ApiClientOptions { ResponseTimeout = TimeSpan.FromMilliseconds(400) });
        long began = Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<TimeoutException>(() => ReadAll(client, "x"));
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0.3, 10);
    }

    [Fact]
    public async Task Cancellation_is_prompt_wherever_it_waits()
    {
        var hanging = new TaskCompletionSource();
        using var server = new FakeApiServer(async exchange =>
        {
            await exchange.BeginStreamAsync();
            hanging.SetResult();
            await exchange.HangAsync();
        });
        using var client = new ApiClient(server.Config(), new ApiClientOptions());
        using var stop = new CancellationTokenSource();
        Task<string> reading = ReadUntil(client, "x", false, stop.Token);
        await hanging.Task;
        stop.Cancel();
        long began = Stopwatch.GetTimestamp();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 5);
    }

    private static Task<string> ReadAll(ApiClient client, string path, bool compressed = false) =>
        ReadUntil(client, path, compressed, TestContext.Current.CancellationToken);

    private static async Task<string> ReadUntil(ApiClient client, string path, bool compressed, CancellationToken cancel)
    {
        using ApiStream body = await client.GetAsync(path, ApiClient.Json, compressed, cancel);
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[8192];
        while (await body.ReadAsync(buffer, cancel) is > 0 and int read)
        {
            bytes.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
