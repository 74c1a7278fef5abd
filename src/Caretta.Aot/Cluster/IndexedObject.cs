using System.Runtime.InteropServices;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// A pod, service or node as the index keeps it: 80 bytes and what it shares with others. Mutable; lives in the index's array.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct IndexedObject
{
    /// <summary>Uid; none while the place is free.</summary>
    public Uid Uid;

    /// <summary>First address; all zero for none.</summary>
    public NetAddress Address;

    /// <summary>Further addresses; null for none.</summary>
    public NetAddress[]? MoreAddresses;

    /// <summary>Namespace; empty for nodes.</summary>
    public string Namespace;

    /// <summary>Name; null for a pod that never goes by its own.</summary>
    public string? Name;

    /// <summary>Direct controller of a pod.</summary>
    public OwnerReference? Controller;

    /// <summary>When it was created, in seconds since 1970 UTC; 0 if unknown.</summary>
    public uint CreatedSeconds;

    /// <summary>Number of its name, -1 until it is known for good. The next free place while this one is free.</summary>
    public int Workload;

    /// <summary>The list in which it was last seen.</summary>
    public ushort Generation;

    /// <summary>What it is.</summary>
    public ClusterObjectType Type;

    /// <summary>Counts how often it came back after it was deleted, and the objects that had this place before.</summary>
    public byte Life;

    /// <summary>Whether the addresses are its own now: not after it ended.</summary>
    public bool HoldsAddresses;

    /// <summary>Whether it was asked to end.</summary>
    public bool IsTerminating;

    /// <summary>Whether it was deleted.</summary>
    public bool IsGone;

    /// <summary>Whether the end of some link was looked up here: a change matters at once.</summary>
    public bool IsUsed;

    /// <summary>Whether there is any address.</summary>
    public readonly bool HasAddress => Address != default;

    /// <summary>Number of addresses.</summary>
    public readonly int AddressCount => HasAddress ? 1 + (MoreAddresses?.Length ?? 0) : 0;

    /// <summary>The address at <paramref name="index"/>.</summary>
    public readonly NetAddress AddressAt(int index) => index == 0 ? Address : MoreAddresses![index - 1];

    /// <summary>Whether <paramref name="address"/> is its own now.</summary>
    public readonly bool Holds(NetAddress address)
    {
        return HoldsAddresses && HasAddress
            && (Address == address || (MoreAddresses is not null && MoreAddresses.AsSpan().Contains(address)));
    }

    /// <summary>Whether these are its addresses, in this order.</summary>
    public readonly bool HasAddresses(ReadOnlySpan<NetAddress> addresses)
    {
        if (addresses.Length != AddressCount)
        {
            return false;
        }

        for (int i = 0; i < addresses.Length; i++)
        {
            if (AddressAt(i) != addresses[i])
            {
                return false;
            }
        }

        return true;
    }
}
