namespace Caretta.Aot.Identity;

/// <summary>
/// Gives every distinct workload a small number: links key on numbers, and a number means the same labels until it is released.
/// Written by the poll thread alone. Other threads may read <see cref="Entries"/> up to a count they learnt through a published
/// snapshot, at the numbers of its links: entries in use never change, growing and releasing replace the array.
/// </summary>
internal sealed class WorkloadTable
{
    private readonly Dictionary<(string Name, string Namespace, string Kind, string? Owner), int> _ids = [];
    private readonly Stack<int> _free = [];
    private Workload[] _entries = new Workload[64];

    /// <summary>Numbers ever given out: each is below this.</summary>
    public int Count { get; private set; }

    /// <summary>Workloads known.</summary>
    public int NameCount => _ids.Count;

    /// <summary>The array behind the table: index = id, valid below <see cref="Count"/>.</summary>
    public Workload[] Entries => _entries;

    /// <summary>The workload with number <paramref name="id"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such number was given out.</exception>
    public Workload this[int id]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)Count, nameof(id));
            return _entries[id];
        }
    }

    /// <summary>
    /// Returns the number of this workload, learning it if it is new. Equal after cleaning means equal, and so does an empty owner and
    /// none, since both look the same on the page.
    /// </summary>
    public int Intern(string name, string space, string kind, string? owner = null)
    {
        (string, string, string, string?) key = Key(name, space, kind, owner);
        if (_ids.TryGetValue(key, out int id))
        {
            return id;
        }

        if (_free.TryPop(out int released))
        {
            _entries[released] = new Workload(name, space, kind, owner);
            _ids.Add(key, released);
            return released;
        }

        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, _entries.Length * 2);
        }

        id = Count;
        _entries[id] = new Workload(name, space, kind, owner);
        _ids.Add(key, id);
        Count++;
        return id;
    }

    /// <summary>
    /// Forgets every workload whose number is not in <paramref name="used"/>; the numbers will mean others. Snapshots keep theirs.
    /// </summary>
    public void ReleaseOthers(WorkloadSet used)
    {
        _entries = [.. _entries];
        foreach (KeyValuePair<(string, string, string, string?), int> entry in _ids)
        {
            if (!used.Contains(entry.Value))
            {
                _ids.Remove(entry.Key);
                _free.Push(entry.Value);
            }
        }
    }

    /// <summary>Looks for a workload without learning it.</summary>
    public bool TryFind(string name, string space, string kind, string? owner, out int id) =>
        _ids.TryGetValue(Key(name, space, kind, owner), out id);

    private static (string Name, string Namespace, string Kind, string? Owner) Key(string name, string space, string kind, string? owner) =>
        (LabelText.Clean(name), LabelText.Clean(space), LabelText.Clean(kind), string.IsNullOrEmpty(owner) ? null : LabelText.Clean(owner));
}
