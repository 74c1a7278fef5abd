using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// Which of the services that share an address answers at a port. Only services with addresses outside the cluster's own are here: a few.
/// Poll thread only.
/// </summary>
internal sealed class ServicePorts
{
    private readonly Dictionary<(NetAddress Address, ushort Port), int> _services = [];
    private readonly Dictionary<int, ServiceObject> _known = [];

    /// <summary>Takes over what a service says.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Set(int index, ServiceObject service)
    {
        if (_known.TryGetValue(index, out ServiceObject? before)
            && before.Addresses.AsSpan().SequenceEqual(service.Addresses) && before.SharedPorts.AsSpan().SequenceEqual(service.SharedPorts))
        {
            return false;
        }

        bool isChanged = Remove(index);
        if (service.SharedPorts.Length == 0)
        {
            return isChanged;
        }

        _known.Add(index, service);
        Claim(index, service);
        return true;
    }

    /// <summary>Forgets a service.</summary>
    /// <returns>Whether it was known.</returns>
    public bool Remove(int index)
    {
        if (!_known.Remove(index, out ServiceObject? service))
        {
            return false;
        }

        foreach (NetAddress address in service.Addresses)
        {
            foreach (ushort port in service.SharedPorts)
            {
                if (_services.TryGetValue((address, port), out int holder) && holder == index)
                {
                    _services.Remove((address, port));
                }
            }
        }

        // Another may have claimed the same all along.
        foreach (KeyValuePair<int, ServiceObject> other in _known)
        {
            Claim(other.Key, other.Value);
        }

        return true;
    }

    /// <summary>Looks for the service at a port of an address.</summary>
    public bool TryFind(NetAddress address, ushort port, out int index) => _services.TryGetValue((address, port), out index);

    // Of two that claim the same port, the first has it.
    private void Claim(int index, ServiceObject service)
    {
        foreach (NetAddress address in service.Addresses)
        {
            foreach (ushort port in service.SharedPorts)
            {
                _services.TryAdd((address, port), index);
            }
        }
    }
}
