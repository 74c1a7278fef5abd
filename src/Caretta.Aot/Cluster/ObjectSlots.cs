using System.Runtime.InteropServices;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// Objects by uid in one array, whose places are used again. A reference into it is good until the next
/// <see cref="GetOrAdd"/> or <see cref="TrimExcess"/>; the number of a place until its object is removed. Poll thread only.
/// </summary>
internal sealed class ObjectSlots
{
    private readonly Dictionary<Uid, int> _byUid = [];
    private readonly Dictionary<Uid, int> _aliases = [];
    private IndexedObject[] _items = [];
    private int _free = -1;

    /// <summary>Objects held.</summary>
    public int Count => _byUid.Count;

    /// <summary>Places that were ever used; free ones among them have no uid.</summary>
    public int Used { get; private set; }

    /// <summary>All places that were ever used.</summary>
    public Span<IndexedObject> All => _items.AsSpan(0, Used);

    /// <summary>The object at a place.</summary>
    public ref IndexedObject this[int index] => ref _items[index];

    /// <summary>Looks for an object.</summary>
    public bool TryFind(Uid uid, out int index) => _byUid.TryGetValue(uid, out index);

    /// <summary>Finds an object or makes a place for it, empty but for the uid and without a name.</summary>
    public int GetOrAdd(Uid uid, out bool existed)
    {
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_byUid, uid, out existed);
        if (existed)
        {
            return index;
        }

        byte life = 0;
        if (_free >= 0)
        {
            index = _free;
            _free = _items[index].Workload;
            life = _items[index].Life;
        }
        else
        {
            if (Used == _items.Length)
            {
                Array.Resize(ref _items, Math.Max(64, Used + (Used / 2)));
            }

            index = Used++;
        }

        _items[index] = new IndexedObject { Uid = uid, Namespace = "", Workload = -1, Life = life };
        return index;
    }

    /// <summary>Lets an object be found by another uid too; the last one to have it wins.</summary>
    public void SetAlias(Uid uid, int index) => _aliases[uid] = index;

    /// <summary>Looks for an object by its other uid.</summary>
    public bool TryFindAlias(Uid uid, out int index) => _aliases.TryGetValue(uid, out index);

    /// <summary>Removes an object.</summary>
    public void Remove(int index)
    {
        // A few: static pods alone have them.
        foreach (KeyValuePair<Uid, int> alias in _aliases)
        {
            if (alias.Value == index)
            {
                _aliases.Remove(alias.Key);
            }
        }

        _byUid.Remove(_items[index].Uid);
        _items[index] = new IndexedObject { Namespace = "", Workload = _free, Life = (byte)(_items[index].Life + 1) };
        _free = index;
    }

    /// <summary>Gives back what growing by doubling took too much.</summary>
    public void TrimExcess()
    {
        if (_items.Length > Used + (Used / 4) + 64)
        {
            Array.Resize(ref _items, Used + (Used / 8));
        }

        if (_byUid.Capacity > _byUid.Count + (_byUid.Count / 2) + 64)
        {
            _byUid.TrimExcess(_byUid.Count + (_byUid.Count / 8));
        }
    }
}
