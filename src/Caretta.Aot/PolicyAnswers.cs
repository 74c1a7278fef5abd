using System.Buffers;
using System.IO.Compression;
using System.Text;
using Caretta.Aot.Export;
using Caretta.Aot.Http;
using Caretta.Aot.Kubernetes;
using Caretta.Aot.Map;
using Caretta.Aot.Policies;

namespace Caretta.Aot;

/// <summary>
/// The answer of <c>/api/policies</c>: made of an answer of <c>/api/links</c> and of what the API server is asked then and there, one
/// question at a time. Nothing is kept, and while nobody asks nothing is there. Any thread.
/// </summary>
/// <param name="cluster">The cluster; null for a host.</param>
internal sealed class PolicyAnswers(KubernetesConfig? cluster) : IDisposable
{
    private const int MaxNamespaces = 100;
    private const int MaxNamespaceLength = 63;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly ReadOnlyMemory<byte> Yaml = "application/yaml"u8.ToArray();

    private readonly CancellationTokenSource _stop = new();
    private int _running;

    /// <summary>Takes the namespaces out of a query.</summary>
    /// <param name="query">Of the request.</param>
    /// <param name="namespaces">Those that get policies; empty for all but the system's.</param>
    /// <returns>The rest, which is as that of <c>/api/links</c>.</returns>
    /// <exception cref="MapException">A namespace is none, or there are too many.</exception>
    public static byte[] TakeNamespaces(ReadOnlySpan<byte> query, out List<string> namespaces)
    {
        namespaces = [];
        var rest = new ArrayBufferWriter<byte>(query.Length + 1);
        while (!query.IsEmpty)
        {
            int end = query.IndexOf((byte)'&');
            ReadOnlySpan<byte> pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            if (!pair.StartsWith("namespace="u8))
            {
                rest.Write(pair);
                rest.Write("&"u8);
                continue;
            }

            var parameter = new QueryParameters(pair);
            string space = parameter.MoveNext() ? parameter.Value : "";
            if (space.Length is 0 or > MaxNamespaceLength || namespaces.Count == MaxNamespaces)
            {
                throw MapException.BadParameter(
                    $"namespace: expected a name of at most {MaxNamespaceLength} characters, at most {MaxNamespaces} times, got {MapQuestion.Quote(space)}");
            }

            namespaces.Add(space);
        }

        return rest.WrittenSpan.ToArray();
    }

    /// <summary>Begins to make an answer.</summary>
    /// <param name="links">The answer of <c>/api/links</c> to the same question.</param>
    /// <param name="namespaces">From <see cref="TakeNamespaces"/>.</param>
    /// <exception cref="MapException">There is no cluster, or another answer is being made.</exception>
    public Task<HttpReply> GetAsync(HttpDocument links, IReadOnlyList<string> namespaces)
    {
        if (cluster is null)
        {
            throw new MapException(404, "no-cluster", "there is no cluster here: network policies are of Kubernetes");
        }

        return Interlocked.CompareExchange(ref _running, 1, 0) == 0
            ? Task.Run(() => MakeAsync(cluster, links, namespaces))
            : throw new MapException(503, "busy", "policies are being made for somebody else: ask again in a moment");
    }

    /// <summary>Policies out of a map, with what the API server says of the workloads in it.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<string> WriteAsync(
        KubernetesConfig config, SeenMap map, IReadOnlyList<string> namespaces, CancellationToken cancel)
    {
        using var client = new ApiClient(config, new ApiClientOptions { HeadTimeout = TimeSpan.FromSeconds(20), ResponseTimeout = Patience });
        PolicyFacts facts = await new PolicyFactsReader(client).ReadAsync(map, cancel).ConfigureAwait(false);
        return PolicyYaml.Write(PolicyPlanner.Plan(map, facts, namespaces), map, facts.Gaps);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Cancel();

    private async Task<HttpReply> MakeAsync(KubernetesConfig config, HttpDocument links, IReadOnlyList<string> namespaces)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(Patience);
        try
        {
            string yaml = await WriteAsync(config, SeenMapReader.Parse(Unpack(links)), namespaces, limit.Token).ConfigureAwait(false);
            return HttpReply.Bytes(200, Yaml, Encoding.UTF8.GetBytes(yaml), MapHeaders.Api);
        }
        catch (OperationCanceledException)
        {
            return MapReplies.Fail(504, "cluster-slow", $"the API server took more than {Patience.TotalSeconds} s");
        }
        catch (Exception e) when (ApiClient.IsTransient(e))
        {
            return MapReplies.Fail(502, "cluster-away", "the API server: " + ApiClient.Describe(e));
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private static byte[] Unpack(HttpDocument document)
    {
        using var plain = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(document.Gzip.ToArray()), CompressionMode.Decompress);
        gzip.CopyTo(plain);
        return plain.ToArray();
    }
}
