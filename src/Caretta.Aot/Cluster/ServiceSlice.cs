using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>Some of the endpoints behind a service: pods by uid, others by address, 17 bytes each.</summary>
internal sealed class ServiceSlice
{
    private readonly (ulong First, ulong Second)[] _targets;
    private readonly bool[] _isPod;

    /// <summary>Takes over what is needed of a slice.</summary>
    public ServiceSlice(EndpointSliceObject slice)
    {
        Uid = slice.Uid;
        Namespace = slice.Namespace;
        ServiceName = slice.ServiceName;
        _targets = new (ulong, ulong)[slice.Endpoints.Length];
        _isPod = new bool[_targets.Length];
        for (int i = 0; i < _targets.Length; i++)
        {
            ServiceEndpoint endpoint = slice.Endpoints[i];
            _isPod[i] = endpoint.TargetKind == "Pod" && !endpoint.TargetUid.IsNone;
            _targets[i] = _isPod[i]
                ? (endpoint.TargetUid.High, endpoint.TargetUid.Low)
                : (endpoint.Address.First, endpoint.Address.Second);
        }
    }

    /// <summary>The slice's uid.</summary>
    public Uid Uid { get; }

    /// <summary>Namespace of slice and service.</summary>
    public string Namespace { get; }

    /// <summary>The service; empty for none.</summary>
    public string ServiceName { get; }

    /// <summary>The list in which it was last seen.</summary>
    public ushort Generation { get; set; }

    /// <summary>Another slice of the same service.</summary>
    public ServiceSlice? Next { get; set; }

    /// <summary>Kept with the first slice: number of the name of the one workload behind the service, negative if there is no such one.</summary>
    public int Behind { get; set; } = -1;

    /// <summary>The index's epoch for which <see cref="Behind"/> was worked out; negative for none.</summary>
    public long BehindEpoch { get; set; } = -1;

    /// <summary>Endpoints.</summary>
    public int Count => _targets.Length;

    /// <summary>Whether an endpoint is known by the uid of its pod.</summary>
    public bool IsPod(int index) => _isPod[index];

    /// <summary>Uid of an endpoint's pod.</summary>
    public Uid PodAt(int index) => new(_targets[index].First, _targets[index].Second);

    /// <summary>Address of an endpoint that is not known by its pod.</summary>
    public NetAddress AddressAt(int index) => new(_targets[index].First, _targets[index].Second);
}
