using Caretta.Cluster.Tests.Scale;
using Caretta.Cluster.Tests.Support;
using Caretta.Testing;

namespace Caretta.Cluster.Tests.Agent;

/// <summary>The published agent against a <see cref="ScaleServer"/>.</summary>
internal static class ServedAgent
{
    /// <summary>With nothing to answer, a client's own patience decides how long something takes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Of these agents.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    public static async Task<RunningAgent> StartAsync(ScaleServer server, TemporaryDirectory files, CancellationToken cancellation)
    {
        server.Token = "scale";
        Kubeconfig.Write(files["kubeconfig"], server.Endpoint, server.Authority, "token: scale");
        return await RunningAgent.StartAsync(
            PollInterval,
            new Dictionary<string, string> { ["KUBECONFIG"] = files["kubeconfig"] },
            [],
            cancellation);
    }

    public static Task<string> ExpectWatchAsync(ScaleServer server, RunningAgent agent, CancellationToken cancellation) => Eventually.GetAsync(
        "the agent has listed the pods and watches them",
        Patience,
        () => agent.HasExited
            ? throw new InvalidOperationException($"the agent ended: {agent.Log}")
            : Task.FromResult(server.Tally(ScaleVerb.Watch, "pods").Requests > 0 ? "yes" : null),
        cancellation);
}
