using System.Text.Json.Nodes;

using Caretta.Testing;
using Caretta.Traffic.Wire;

namespace Caretta.Cluster.Tests.Support;

/// <summary>
/// A cluster of one node, which is this machine: an API server, the node's network, pods that run, and the agent with its account.
/// </summary>
internal sealed class ClusterScene : IAsyncDisposable
{
    public const string NodeName = "node-a";
    public const string NodeAddress = "192.0.2.1";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<IAsyncDisposable> _running = [];
    private readonly HashSet<string> _taken = [];

    private ClusterScene(ApiServer server, ServiceAccount account)
    {
        Server = server;
        Account = account;
        Network.AddHostAddress(NodeAddress);
    }

    public ApiServer Server { get; }

    public ServiceAccount Account { get; }

    public NodeNetwork Network { get; } = new();

    public static async Task<ClusterScene> StartAsync(ApiServerOptions options, CancellationToken cancellation, params string[] spaces)
    {
        ApiServer server = await ApiServer.StartAsync(options, cancellation);
        try
        {
            foreach (string space in spaces)
            {
                await server.Admin.CreateAsync(Manifest.Namespace(space), cancellation);
            }

            await server.Admin.CreateAsync(Manifest.Node(NodeName, NodeAddress), cancellation);
            return new ClusterScene(server, await ServiceAccount.CreateAsync(server, Manifest.AgentRole(), cancellation));
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a pod and runs it.</summary>
    public async Task<RunningPod> StartPodAsync(JsonObject manifest, CancellationToken cancellation, params string[] addresses) =>
        Keep(await RunningPod.StartAsync(
            Server.Admin, Network, await Server.Admin.CreateAsync(manifest, cancellation), cancellation, addresses));

    /// <summary>Creates a pod and runs it without telling the API server so.</summary>
    public async Task<RunningPod> StartUnannouncedAsync(
        JsonObject manifest, CgroupLayout layout, CancellationToken cancellation, params string[] addresses) =>
        Keep(RunningPod.StartUnannounced(Network, await Server.Admin.CreateAsync(manifest, cancellation), layout, addresses));

    /// <summary>Runs the next pod that a controller made.</summary>
    /// <param name="space">The namespace.</param>
    /// <param name="prefix">The beginning of its name.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="addresses">To give it.</param>
    public async Task<RunningPod> RunPodAsync(string space, string prefix, CancellationToken cancellation, params string[] addresses)
    {
        JsonObject pod = await Eventually.GetAsync(
            $"a pod called {prefix}… is there",
            Patience,
            async () => (await Server.Admin.ListAsync(KubePath.Pods(space), cancellation)).FirstOrDefault(one =>
                ((string)one["metadata"]!["name"]!).StartsWith(prefix, StringComparison.Ordinal) && _taken.Add((string)one["metadata"]!["uid"]!)),
            cancellation);
        return Keep(await RunningPod.StartAsync(Server.Admin, Network, pod, cancellation, addresses));
    }

    /// <summary>Starts the agent with its account, as in a pod of the node.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="port">Of the API server, or of a relay before it; 0 is the server's.</param>
    /// <param name="flags">Of the agent.</param>
    public async Task<RunningAgent> StartAgentAsync(CancellationToken cancellation, int port = 0, params string[] flags)
    {
        var environment = new Dictionary<string, string>(ServiceAccount.EnvironmentFor(port == 0 ? Server.Port : port)) { ["NODE_NAME"] = NodeName };
        return Keep(await RunningAgent.StartAsync(TimeSpan.FromMilliseconds(200), environment, Account.Launcher, cancellation, flags));
    }

    /// <summary>Connects, exchanges once and leaves the connection open.</summary>
    /// <returns>What the client has sent.</returns>
    public static async Task<long> TalkAsync(
        RunningPod client, string connection, string address, int port, long request, long response, CancellationToken cancellation)
    {
        bool six = address.Contains(':', StringComparison.Ordinal);
        await client.Traffic.AskAsync($"connect {connection} {(six ? "v6" : "v4")} {(six ? $"[{address}]" : address)}:{port}", cancellation);
        await client.Traffic.AskAsync($"exchange {connection} {request} {response}", cancellation);
        return Frame.HeadBytes + request;
    }

    /// <summary>Waits until the agent shows exactly these links to a port.</summary>
    /// <exception cref="TimeoutException">With both, and the agent's log.</exception>
    public static async Task ExpectAsync(
        RunningAgent agent, int port, IReadOnlyDictionary<NamedLink, long> expected, TimeSpan patience, CancellationToken cancellation)
    {
        string wanted = Text(expected.ToDictionary(static pair => pair.Key.ToString(), static pair => pair.Value));
        string seen = "";
        try
        {
            await Eventually.GetAsync(
                "the links are named as expected",
                patience,
                async () =>
                {
                    seen = Text(NamedLink.Of(await agent.ScrapeAsync(cancellation), port));
                    return seen == wanted ? seen : null;
                },
                cancellation);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\nexpected\n{wanted}\ngot\n{seen}\nThe agent says:\n{agent.Log}", e);
        }

        static string Text(IEnumerable<KeyValuePair<string, long>> links) =>
            string.Join('\n', links.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"  {pair.Key}: {pair.Value}"));
    }

    public async ValueTask DisposeAsync()
    {
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            await _running[i].DisposeAsync();
        }

        Network.Dispose();
        Account.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>Ends it before the scene does.</summary>
    public async Task StopAsync(RunningPod pod)
    {
        _running.Remove(pod);
        await pod.DisposeAsync();
    }

    private T Keep<T>(T running)
        where T : IAsyncDisposable
    {
        _running.Add(running);
        return running;
    }
}
