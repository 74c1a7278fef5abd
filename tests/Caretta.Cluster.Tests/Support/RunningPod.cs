using System.Security.Cryptography;
using System.Text.Json.Nodes;

using Caretta.Testing;

namespace Caretta.Cluster.Tests.Support;

/// <summary>
/// A pod that the API server knows, brought to life on this machine as a kubelet does: a network namespace with its addresses, a control
/// group with its uid, a workload in both, and the pod's status patched to say so.
/// </summary>
internal sealed class RunningPod : IAsyncDisposable
{
    private readonly PodCgroup? _cgroup;
    private readonly NetworkNamespace? _namespace;

    private RunningPod(JsonObject pod, IReadOnlyList<string> addresses, PodCgroup? cgroup, NetworkNamespace? space, TrafficProcess traffic)
    {
        Pod = pod;
        Addresses = addresses;
        _cgroup = cgroup;
        _namespace = space;
        Traffic = traffic;
    }

    /// <summary>As it was when it started.</summary>
    public JsonObject Pod { get; }

    public string Path => KubePath.Of(Pod);

    public string Name => (string)Pod["metadata"]!["name"]!;

    public IReadOnlyList<string> Addresses { get; }

    public TrafficProcess Traffic { get; }

    public string CgroupPath => _cgroup!.Path;

    /// <summary>Starts it and says Running with its addresses.</summary>
    /// <param name="admin">To patch its status.</param>
    /// <param name="network">Of its node.</param>
    /// <param name="pod">As the API server has it. With <c>hostNetwork</c> it shares the node's namespace.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="addresses">Its own, or those of the node.</param>
    public static async Task<RunningPod> StartAsync(
        KubeClient admin, NodeNetwork network, JsonObject pod, CancellationToken cancellation, params string[] addresses)
    {
        RunningPod running = StartUnannounced(network, pod, CgroupLayout.SystemdContainerd, addresses);
        try
        {
            await running.AnnounceAsync(admin, cancellation);
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it; the API server does not learn of it before <see cref="AnnounceAsync"/>.</summary>
    public static RunningPod StartUnannounced(NodeNetwork network, JsonObject pod, CgroupLayout layout, params string[] addresses)
    {
        // In a list's items the server leaves these out.
        pod["apiVersion"] = "v1";
        pod["kind"] = "Pod";
        bool hostNetwork = (bool?)pod["spec"]!["hostNetwork"] == true;
        NetworkNamespace? own = hostNetwork ? null : network.AddPod(addresses);
        PodCgroup? cgroup = null;
        TrafficProcess? traffic = null;
        try
        {
            cgroup = layout == CgroupLayout.Elsewhere ? null
                : PodCgroup.Create((string)pod["metadata"]!["uid"]!, RandomNumberGenerator.GetHexString(64, lowercase: true), layout);
            traffic = TrafficProcess.Start((own ?? network.Host).Name);
            cgroup?.Adopt(traffic.Id);
            return new RunningPod(pod, addresses, cgroup, own, traffic);
        }
        catch
        {
            traffic?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            cgroup?.Dispose();
            own?.Dispose();
            throw;
        }
    }

    /// <summary>Says that it runs, and with which addresses.</summary>
    public Task AnnounceAsync(KubeClient admin, CancellationToken cancellation) =>
        admin.SetPodStatusAsync(Path, "Running", cancellation, [.. Addresses]);

    /// <summary>Ends the workload, its control group and its network; the API server is not told.</summary>
    public async ValueTask DisposeAsync()
    {
        await Traffic.DisposeAsync();
        _cgroup?.Dispose();
        _namespace?.Dispose();
    }
}
