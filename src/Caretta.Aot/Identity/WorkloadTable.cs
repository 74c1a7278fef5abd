namespace Caretta.Aot.Identity;

/// <summary>
/// Gives every distinct workload a small number, for good: links key on numbers, and a number always means the same labels.
/// Written by the poll thread alone. Other threads may read <see cref="Entries"/> up to a count they learnt through a published
/// snapshot: entries are only ever appended, and growing replaces the array.
/// </summary>
internal sealed class WorkloadTable
{
    private readonly Dictionary<(string Name, string Namespace, string Kind, string? Owner), int> _ids = [];
    private Workload[] _entries = new Workload[64];

    /// <summary>Workloads known.</summary>
    public int Count { get; private set; }

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

    /// <summary>Looks for a workload without learning it.</summary>
    public bool TryFind(string name, string space, string kind, string? owner, out int id) =>
        _ids.TryGetValue(Key(name, space, kind, owner), out id);

    private static (string Name, string Namespace, string Kind, string? Owner) Key(string name, string space, string kind, string? owner) =>
        (LabelText.Clean(name), LabelText.Clean(space), LabelText.Clean(kind), string.IsNullOrEmpty(owner) ? null : LabelText.Clean(owner));
}
