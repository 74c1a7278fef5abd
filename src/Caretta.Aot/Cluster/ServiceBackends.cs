using System.Runtime.InteropServices;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>Endpoint slices by service. Poll thread only.</summary>
internal sealed class ServiceBackends
{
    private readonly Dictionary<Uid, ServiceSlice> _slices = [];
    private readonly Dictionary<(string Namespace, string Name), ServiceSlice> _byService = [];
    private ushort _generation;

    /// <summary>Slices known.</summary>
    public int Count => _slices.Count;

    /// <summary>Applies a change.</summary>
    public void Apply(ObjectChangeKind kind, EndpointSliceObject? slice)
    {
        switch (kind)
        {
            case ObjectChangeKind.Reset:
                _generation++;
                break;
            case ObjectChangeKind.Synced:
                foreach (KeyValuePair<Uid, ServiceSlice> entry in _slices)
                {
                    if (entry.Value.Generation != _generation)
                    {
                        Remove(entry.Key);
                    }
                }

                break;
            case ObjectChangeKind.Deleted when slice is not null:
                Remove(slice.Uid);
                break;
            case ObjectChangeKind.Upserted when slice is not null:
                Remove(slice.Uid);
                Add(new ServiceSlice(slice) { Generation = _generation });
                break;
        }
    }

    /// <summary>The first slice of a service; the others follow as <see cref="ServiceSlice.Next"/>.</summary>
    public ServiceSlice? Find(string space, string name) => _byService.GetValueOrDefault((space, name));

    private void Add(ServiceSlice slice)
    {
        _slices.Add(slice.Uid, slice);
        ref ServiceSlice? first =
            ref CollectionsMarshal.GetValueRefOrAddDefault(_byService, (slice.Namespace, slice.ServiceName), out _);
        slice.Next = first;
        first = slice;
    }

    private void Remove(Uid uid)
    {
        if (!_slices.Remove(uid, out ServiceSlice? slice))
        {
            return;
        }

        (string, string) service = (slice.Namespace, slice.ServiceName);
        ServiceSlice first = _byService[service];
        if (first == slice)
        {
            if (slice.Next is null)
            {
                _byService.Remove(service);
            }
            else
            {
                _byService[service] = slice.Next;
            }

            return;
        }

        while (first.Next != slice)
        {
            first = first.Next!;
        }

        first.Next = slice.Next;
    }
}
