using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Kubernetes;

/// <summary>
/// All that the agent has to do with the API server, and the one place to change for another client: objects flow into sinks, owners are
/// asked for, figures are read. Any thread, but started and disposed of once.
/// </summary>
internal sealed class KubernetesClient : IDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(500);

    private readonly ApiClient _client;
    private readonly IReflector[] _reflectors;
    private readonly OwnerLookup _owners;
    private readonly Log _log;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Requests nothing yet.</summary>
    public KubernetesClient(KubernetesConfig config, KubernetesSinks sinks, KubernetesOptions options, Log log)
    {
        _log = log;
        _client = new ApiClient(config, options.Client);
        _owners = new OwnerLookup(_client, options.Owners, Random.Shared, log);
        List<IReflector> reflectors =
        [
            new Reflector<PodObject>(_client, ObjectTypes.Pods, sinks.Pods, options.Reflector, Random.Shared, log),
            new Reflector<ServiceObject>(_client, ObjectTypes.Services, sinks.Services, options.Reflector, Random.Shared, log),
            new Reflector<NodeObject>(_client, ObjectTypes.Nodes, sinks.Nodes, options.Reflector, Random.Shared, log),
        ];
        if (sinks.EndpointSlices is IObjectSink<EndpointSliceObject> slices)
        {
            reflectors.Add(new Reflector<EndpointSliceObject>(
                _client, ObjectTypes.EndpointSlices, slices, options.Reflector, Random.Shared, log));
        }

        _reflectors = [.. reflectors];
    }

    /// <summary>Answers who stands above a controller.</summary>
    public IOwnerSource Owners => _owners;

    /// <summary>How the lookup of owners is doing.</summary>
    public OwnerLookupStatus OwnerStatus => _owners.Status;

    /// <summary>Types watched: the indexes of <see cref="Status"/>.</summary>
    public int TypeCount => _reflectors.Length;

    /// <summary>Requests sent.</summary>
    public long Requests => _client.Requests;

    /// <summary>Bytes of response bodies received, as they came over the wire.</summary>
    public long BytesReceived => _client.BytesReceived;

    /// <summary>Whether every type is either known in full or refused: waiting longer brings no more names.</summary>
    public bool IsSettled => Array.TrueForAll(_reflectors, static reflector => reflector.Status is { IsSynced: true } or { IsDenied: true });

    /// <summary>How one type is doing.</summary>
    public ReflectorStatus Status(int type) => _reflectors[type].Status;

    /// <summary>Begins to list and watch.</summary>
    public void Start()
    {
        List<Task> loops = [GuardAsync(_owners.RunAsync)];
        foreach (IReflector reflector in _reflectors)
        {
            loops.Add(GuardAsync(reflector.RunAsync));
        }

        _running = Task.WhenAll(loops);
    }

    /// <summary>Ends all requests; the sinks hear nothing after this, or after half a second at the latest.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _running.Wait(StopPatience);
        _client.Dispose();
        _stop.Dispose();
    }

    // A loop handles every failure that is to be expected. Another one must not pass unseen.
    private async Task GuardAsync(Func<CancellationToken, Task> loop)
    {
        try
        {
            await Task.Run(() => loop(_stop.Token)).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _log.Error($"unexpected failure towards Kubernetes, names may become outdated: {e}");
        }
    }
}
