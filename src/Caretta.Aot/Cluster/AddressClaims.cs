using Caretta.Aot.Collections;
using Caretta.Aot.Identity;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// Which object holds an address, and which held it last. Several may claim one: a pod before a node before a service, then one that is
/// not being deleted, then the one created last. Poll thread only.
/// </summary>
/// <param name="slots">The objects.</param>
/// <param name="time">Clock for forgetting.</param>
/// <param name="remember">How long an address that was given up, or an object that is gone, is remembered.</param>
internal sealed class AddressClaims(ObjectSlots slots, TimeProvider time, TimeSpan remember)
{
    // Beyond it the oldest are forgotten sooner: a thousand pods that come and go every second must not fill the memory.
    private const int MaxDepartures = 16384;

    private readonly PagedTable<NetAddress, int> _holders = new();
    private readonly HashSet<NetAddress> _contested = [];
    private readonly HashSet<ulong> _podPrefixes = [];
    private readonly PagedQueue<Departure> _departures = new();

    /// <summary>Grows whenever an address changed hands, became vacant or was forgotten.</summary>
    public long Epoch { get; private set; }

    /// <summary>Addresses known, vacant ones included.</summary>
    public int Count => _holders.Count;

    /// <summary>Looks for the object that holds an address, or held it last.</summary>
    public bool TryFind(NetAddress address, out int index) => _holders.TryFind(address, out index);

    /// <summary>Whether a pod was ever known with an address near this one: the same /16 for IPv4, /64 for IPv6.</summary>
    public bool IsAmongPods(NetAddress address) => _podPrefixes.Contains(Prefix(address));

    /// <summary>Takes over what an object says of its addresses.</summary>
    /// <param name="index">The object.</param>
    /// <param name="addresses">Its addresses.</param>
    /// <param name="holds">Whether they are its own now.</param>
    /// <param name="isTerminating">Whether it was asked to end.</param>
    public void Set(int index, ReadOnlySpan<NetAddress> addresses, bool holds, bool isTerminating)
    {
        ref IndexedObject item = ref slots[index];
        if (item.HoldsAddresses == holds && item.IsTerminating == isTerminating && item.HasAddresses(addresses))
        {
            return;
        }

        // An ended pod may be shown without addresses: what it held last is still what is known of it.
        if (!holds)
        {
            item.IsTerminating = isTerminating;
            Release(index);
            return;
        }

        for (int i = 0; i < item.AddressCount; i++)
        {
            NetAddress old = item.AddressAt(i);
            if (item.HoldsAddresses && !addresses.Contains(old))
            {
                _departures.Enqueue(new Departure(index, item.Uid, old, item.Life, time.GetTimestamp()));
                Epoch++;
            }
        }

        ReadOnlySpan<NetAddress> released = item.HoldsAddresses && !item.HasAddresses(addresses) ? Addresses(in item) : [];
        item.IsTerminating = isTerminating;
        item.HoldsAddresses = true;
        item.Address = addresses.IsEmpty ? default : addresses[0];
        item.MoreAddresses = addresses.Length > 1 ? addresses[1..].ToArray() : null;
        foreach (NetAddress address in addresses)
        {
            Claim(index, address);
        }

        foreach (NetAddress address in released)
        {
            Elect(address);
        }
    }

    /// <summary>An object is gone: its addresses are vacant, and it is forgotten after a while.</summary>
    public void Depart(int index)
    {
        Release(index);
        _departures.Enqueue(new Departure(index, slots[index].Uid, default, slots[index].Life, time.GetTimestamp()));
    }

    /// <summary>Forgets what has been gone for long.</summary>
    public void Forget()
    {
        long now = time.GetTimestamp();
        while (_departures.Count > 0)
        {
            Departure departure = _departures.Peek();
            if (_departures.Count <= MaxDepartures && time.GetElapsedTime(departure.Since, now) < remember)
            {
                return;
            }

            _departures.Dequeue();
            Forget(departure);
        }
    }

    private static ulong Prefix(NetAddress address) =>
        address.IsIPv4 ? address.Second & (BitConverter.IsLittleEndian ? 0x0000_ffff_ffff_fffful : 0xffff_ffff_ffff_0000ul) : address.First;

    private void Claim(int index, NetAddress address)
    {
        ref int holder = ref _holders.GetOrAdd(address, out bool existed);
        if (!existed || (holder != index && !slots[holder].Holds(address)))
        {
            holder = index;
            Epoch++;
        }
        else if (holder != index || _contested.Contains(address))
        {
            _contested.Add(address);
            Elect(address);
        }

        if (slots[index].Type == ClusterObjectType.Pod)
        {
            _podPrefixes.Add(Prefix(address));
        }
    }

    // Contested addresses are few, so all objects are looked through.
    private void Elect(NetAddress address)
    {
        if (!_contested.Contains(address))
        {
            return;
        }

        int best = -1;
        int claims = 0;
        for (int i = 0; i < slots.Used; i++)
        {
            if (slots[i].Holds(address))
            {
                claims++;
                best = best < 0 || IsBefore(in slots[i], in slots[best]) ? i : best;
            }
        }

        if (claims < 2)
        {
            _contested.Remove(address);
        }

        if (best < 0)
        {
            return;
        }

        ref int holder = ref _holders.GetOrAdd(address, out _);
        if (holder != best)
        {
            // Who lost it is used by links as much as who has it now.
            slots[best].IsUsed |= slots[holder].IsUsed;
            holder = best;
            Epoch++;
        }
    }

    private static bool IsBefore(in IndexedObject left, in IndexedObject right)
    {
        if (left.Type != right.Type)
        {
            return left.Type < right.Type;
        }

        return left.IsTerminating != right.IsTerminating ? right.IsTerminating : left.CreatedSeconds > right.CreatedSeconds;
    }

    private void Release(int index)
    {
        ref IndexedObject item = ref slots[index];
        if (!item.HoldsAddresses)
        {
            return;
        }

        item.HoldsAddresses = false;
        Epoch++;
        for (int i = 0; i < item.AddressCount; i++)
        {
            _departures.Enqueue(new Departure(index, item.Uid, item.AddressAt(i), item.Life, time.GetTimestamp()));
            Elect(item.AddressAt(i));
        }
    }

    private void Forget(in Departure departure)
    {
        ref IndexedObject item = ref slots[departure.Index];
        if (item.Uid != departure.Uid)
        {
            return;
        }

        if (departure.Address != default)
        {
            if (_holders.TryFind(departure.Address, out int holder) && holder == departure.Index && !item.Holds(departure.Address))
            {
                _holders.Remove(departure.Address);
                Epoch++;
            }
        }
        else if (item.IsGone && item.Life == departure.Life)
        {
            // After its addresses, which left first.
            slots.Remove(departure.Index);
            Epoch++;
        }
    }

    private static NetAddress[] Addresses(in IndexedObject item)
    {
        NetAddress[] addresses = new NetAddress[item.AddressCount];
        for (int i = 0; i < addresses.Length; i++)
        {
            addresses[i] = item.AddressAt(i);
        }

        return addresses;
    }

    // One address that was given up, or without an address the object itself. An object that came back has another life.
    private readonly record struct Departure(int Index, Uid Uid, NetAddress Address, byte Life, long Since);
}
