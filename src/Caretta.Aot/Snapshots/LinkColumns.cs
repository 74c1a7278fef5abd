namespace Caretta.Aot.Snapshots;

/// <summary>
/// Links as columns, index = link number. Not thread-safe while written; see <see cref="LinkSnapshot"/> for how readers get copies.
/// </summary>
internal sealed class LinkColumns
{
    private const int InitialCapacity = 64;

    private LinkIdentity[] _identities = [];
    private ulong[] _sentBytes = [];
    private ulong[] _receivedBytes = [];
    private ulong[] _opened = [];
    private ulong[] _closed = [];
    private ulong[] _failed = [];
    private long[] _open = [];
    private uint[] _firstSeen = [];
    private uint[] _lastSeen = [];
    private int _changes;      // of identities, those that were appended left out
    private LinkColumns? _copied;
    private int _copiedChanges;
    private int _copiedIdentities;

    /// <summary>Links held.</summary>
    public int Count { get; private set; }

    /// <summary>What each link is.</summary>
    public ReadOnlySpan<LinkIdentity> Identities => _identities.AsSpan(0, Count);

    /// <summary>Bytes sent by the end that the role names; never falls.</summary>
    public Span<ulong> SentBytes => _sentBytes.AsSpan(0, Count);

    /// <summary>Bytes received by the end that the role names; never falls.</summary>
    public Span<ulong> ReceivedBytes => _receivedBytes.AsSpan(0, Count);

    /// <summary>Connections established since launch; never falls.</summary>
    public Span<ulong> Opened => _opened.AsSpan(0, Count);

    /// <summary>Connections closed, adopted ones included; never falls.</summary>
    public Span<ulong> Closed => _closed.AsSpan(0, Count);

    /// <summary>Connects that failed; never falls.</summary>
    public Span<ulong> Failed => _failed.AsSpan(0, Count);

    /// <summary>Connections open now. May be negative where an update was lost: show it as 0.</summary>
    public Span<long> Open => _open.AsSpan(0, Count);

    /// <summary>When each link was first seen, on the scale of <see cref="Now"/>.</summary>
    public Span<uint> FirstSeen => _firstSeen.AsSpan(0, Count);

    /// <summary>When a counter of each link last moved, on the scale of <see cref="Now"/>.</summary>
    public Span<uint> LastSeen => _lastSeen.AsSpan(0, Count);

    /// <summary>When the values were true, in tenths of a second since the table was made, whatever the wall clock does.</summary>
    public uint Now { get; set; }

    /// <summary>What the wall clock said then.</summary>
    public DateTimeOffset WallTime { get; set; }

    /// <summary>A time on the scale of <see cref="Now"/> in seconds since 1970.</summary>
    public double ToUnixSeconds(uint tenths) =>
        (WallTime - DateTimeOffset.UnixEpoch).TotalSeconds - ((Now - (double)tenths) / 10);

    /// <summary>Appends a link with all values 0 and returns its number. Capacity grows by half when it is used up.</summary>
    public int Add(LinkIdentity identity)
    {
        if (Count == _identities.Length)
        {
            Array.Resize(ref _identities, Grown);
        }

        if (Count == _sentBytes.Length)
        {
            Resize(Grown);
        }

        _identities[Count] = identity;
        return Count++;
    }

    /// <summary>Gives a column to another link, with all values 0.</summary>
    public void Replace(int index, LinkIdentity identity)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        _changes++;
        _identities[index] = identity;
        Clear(index);
    }

    /// <summary>Removes a link; the last one takes its number.</summary>
    public void RemoveBySwap(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        int last = Count - 1;
        _changes++;
        _identities[index] = _identities[last];
        _sentBytes[index] = _sentBytes[last];
        _receivedBytes[index] = _receivedBytes[last];
        _opened[index] = _opened[last];
        _closed[index] = _closed[last];
        _failed[index] = _failed[last];
        _open[index] = _open[last];
        _firstSeen[index] = _firstSeen[last];
        _lastSeen[index] = _lastSeen[last];
        Clear(last);
        Count = last;
    }

    /// <summary>
    /// Makes this a copy of <paramref name="source"/>. Allocates only when the source has outgrown this copy.
    /// </summary>
    public void CopyFrom(LinkColumns source)
    {
        if (_sentBytes.Length < source.Count)
        {
            Count = 0;
            _copiedIdentities = 0;
            _identities = new LinkIdentity[source._sentBytes.Length];
            Resize(source._sentBytes.Length);
        }

        // Most polls find the same links, or some more.
        int kept = ReferenceEquals(_copied, source) && _copiedChanges == source._changes ? Math.Min(_copiedIdentities, source.Count) : 0;
        source.Identities[kept..].CopyTo(_identities.AsSpan(kept));
        (_copied, _copiedChanges) = (source, source._changes);
        Count = _copiedIdentities = source.Count;
        source.SentBytes.CopyTo(_sentBytes);
        source.ReceivedBytes.CopyTo(_receivedBytes);
        source.Opened.CopyTo(_opened);
        source.Closed.CopyTo(_closed);
        source.Failed.CopyTo(_failed);
        source.Open.CopyTo(_open);
        source.FirstSeen.CopyTo(_firstSeen);
        source.LastSeen.CopyTo(_lastSeen);
        Now = source.Now;
        WallTime = source.WallTime;
    }

    // By half, not to double: there are several copies of all columns.
    private int Grown => Math.Max(InitialCapacity, Count + (Count / 2));

    private void Clear(int index)
    {
        _sentBytes[index] = _receivedBytes[index] = _opened[index] = _closed[index] = _failed[index] = 0;
        _open[index] = 0;
        _firstSeen[index] = _lastSeen[index] = 0;
    }

    private void Resize(int capacity)
    {
        Array.Resize(ref _sentBytes, capacity);
        Array.Resize(ref _receivedBytes, capacity);
        Array.Resize(ref _opened, capacity);
        Array.Resize(ref _closed, capacity);
        Array.Resize(ref _failed, capacity);
        Array.Resize(ref _open, capacity);
        Array.Resize(ref _firstSeen, capacity);
        Array.Resize(ref _lastSeen, capacity);
    }
}
