using Caretta.Aot.Collections;
using Caretta.Aot.Identity.Objects;

namespace Caretta.Aot.Cluster;

/// <summary>
/// Objects by uid, in places that are used again. The number of a place, and a reference to it, are good until its object is removed.
/// Poll thread only.
/// <para>Places lie in pages, each small enough for the ordinary heap: growing copies nothing, so that a first list of a large cluster does
/// not leave arrays behind that are twice what is needed.</para>
/// </summary>
internal sealed class ObjectSlots
{
    private readonly PagedTable<Uid, int> _byUid = new();
    private readonly Dictionary<Uid, int> _aliases = [];
    private readonly PagedList<IndexedObject> _places = new();
    private int _free = -1;

    /// <summary>Objects held.</summary>
    public int Count => _byUid.Count;

    /// <summary>Places that were ever used; free ones among them have no uid.</summary>
    public int Used => _places.Count;

    /// <summary>The object at a place below <see cref="Used"/>.</summary>
    public ref IndexedObject this[int index] => ref _places[index];

    /// <summary>Looks for an object.</summary>
    public bool TryFind(Uid uid, out int index) => _byUid.TryFind(uid, out index);

    /// <summary>Finds an object or makes a place for it, empty but for the uid and without a name.</summary>
    public int GetOrAdd(Uid uid, out bool existed)
    {
        ref int index = ref _byUid.GetOrAdd(uid, out existed);
        if (existed)
        {
            return index;
        }

        byte life = 0;
        if (_free >= 0)
        {
            index = _free;
            _free = this[index].Workload;
            life = this[index].Life;
        }
        else
        {
            index = _places.Add();
        }

        this[index] = new IndexedObject { Uid = uid, Namespace = "", Workload = -1, Life = life };
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

        _byUid.Remove(this[index].Uid);
        this[index] = new IndexedObject { Namespace = "", Workload = _free, Life = (byte)(this[index].Life + 1) };
        _free = index;
    }
}
