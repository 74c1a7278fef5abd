using System.Globalization;
using System.Text;
using Caretta.Aot.Transport;

namespace Caretta.Aot.Export;

/// <summary>Asks an agent. Redirects are not followed and proxies not used.</summary>
internal sealed class AgentReader : IMapSource
{
    private const int MaxBytes = 64 << 20;
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Uri _agent;
    private readonly HttpTransport _transport;

    /// <summary>Connects to nothing yet.</summary>
    public AgentReader(Uri agent)
    {
        _agent = agent;
        _transport = new HttpTransport(agent, new TransportOptions { ConnectTimeout = ConnectPatience });
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <inheritdoc/>
    public async Task<SeenMap> GetLinksAsync(bool isCluster, double? from, double? to, CancellationToken cancel)
    {
        byte[] body = await GetAsync("api/links" + Query(isCluster, from, to), cancel).ConfigureAwait(false);
        try
        {
            return SeenMapReader.Parse(body);
        }
        catch (FormatException e)
        {
            throw new AgentAwayException($"{_agent}: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public async Task<string> GetPoliciesAsync(
        bool isCluster, double? from, double? to, IReadOnlyList<string> namespaces, CancellationToken cancel)
    {
        var query = new StringBuilder(Query(isCluster, from, to));
        foreach (string space in namespaces)
        {
            query.Append("&namespace=").Append(Uri.EscapeDataString(space));
        }

        return Encoding.UTF8.GetString(await GetAsync("api/policies" + query, cancel).ConfigureAwait(false));
    }

    private static string Query(bool isCluster, double? from, double? to)
    {
        string scope = isCluster ? "?scope=cluster" : "?scope=node";
        return from is null || to is null ? scope : string.Create(CultureInfo.InvariantCulture, $"{scope}&from={from:0.###}&to={to:0.###}");
    }

    private async Task<byte[]> GetAsync(string path, CancellationToken cancel)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timer.CancelAfter(Patience);
        try
        {
            using HttpAnswer response = await _transport.GetAsync(path, [("User-Agent", "caretta/" + BuildInfo.Version)], timer.Token)
                .ConfigureAwait(false);
            byte[] body = await BoundedBody.ReadAsync(response.Body, MaxBytes, timer.Token).ConfigureAwait(false)
                ?? throw new AgentAwayException($"{_agent}: the answer is larger than {MaxBytes >> 20} MB");
            return response.Head.Status == 200 ? body : throw Refused(response.Head.Status, body);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            throw new AgentAwayException($"{_agent}: no answer in time");
        }
        catch (Exception e) when (e is IOException)
        {
            string reason = e.InnerException?.Message ?? e.Message;
            throw new AgentAwayException($"{_agent}: {TextGuard.Line(reason)}; is an agent running there? --agent names another");
        }
    }

    private AgentAwayException Refused(int status, byte[] body)
    {
        string? message = SeenMapReader.ParseError(body);
        return new AgentAwayException(message is not null ? $"{_agent}: {TextGuard.Line(message)}"
            : status == 404 ? $"{_agent}: nothing of the map is served there: it is off (MAP=false), or this is no agent, or an older one"
            : $"{_agent}: status {status}");
    }
}
