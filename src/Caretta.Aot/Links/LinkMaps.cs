using Caretta.Bpf;

namespace Caretta.Aot.Links;

/// <summary>
/// The two link maps that take turns: programs write one while the other is drained. Their size follows the work: a map that came
/// near its limit is replaced by a larger one when its turn comes, and by a smaller one after a long quiet time.
/// </summary>
/// <remarks>Poll thread only.</remarks>
internal sealed class LinkMaps : IDisposable
{
    /// <summary>Entries beyond which a map is not enlarged: 1 Mi links between two polls, some 200 MB while it lasts.</summary>
    private const uint MaxCapacity = 1 << 20;

    // A map nobody came near for this many drains is too large.
    private const int QuietDrains = 64;

    private readonly BpfMap _active;
    private readonly BpfMap<LinkKey, LinkDelta>[] _maps;
    private readonly uint _minCapacity;
    private LinkKey[] _keys = new LinkKey[1024];
    private LinkDelta[] _deltas = new LinkDelta[1024];
    private int _written;
    private uint _wanted;
    private int _largest;
    private int _quiet;

    /// <summary>Takes ownership of the two link maps; <paramref name="first"/> is the one written now.</summary>
    /// <param name="active">The map of maps that says which one is written.</param>
    /// <param name="first">The map written first.</param>
    /// <param name="second">The map written after the first drain.</param>
    public LinkMaps(BpfMap active, BpfMap first, BpfMap second)
    {
        _active = active;
        _maps = [first.As<LinkKey, LinkDelta>(), second.As<LinkKey, LinkDelta>()];
        _minCapacity = _wanted = first.Shape.MaxEntries;
    }

    /// <summary>Both maps, to ask for their memory. They change when a map is resized.</summary>
    public ReadOnlySpan<BpfMap<LinkKey, LinkDelta>> Maps => _maps;

    /// <summary>Entries that the map written now can hold.</summary>
    public uint Capacity => _maps[_written].Shape.MaxEntries;

    /// <summary>Turns programs to the other map, then moves all of the first one's entries to the table.</summary>
    /// <param name="table">Where they go.</param>
    /// <param name="swept">What a sweep found besides: should those all close before the next drain, there is room for them.</param>
    /// <returns>Entries drained.</returns>
    /// <exception cref="BpfException">The kernel refused; entries not taken yet are taken by the next drain.</exception>
    public int Drain(LinkTable table, int swept)
    {
        if (swept > _wanted / 2)
        {
            Grow();
        }

        int idle = 1 - _written;
        Resize(idle);

        // Returns only when no program still uses the one written so far: from then on it is ours alone.
        _active.UpdateInner(0, _maps[idle]);
        int drained = _written;
        _written = idle;

        int count = Empty(_maps[drained], table);
        Adapt(count, swept);
        return count;
    }

    /// <summary>Makes the next maps larger at once: updates found no room.</summary>
    public void Grow() => _wanted = Math.Min(MaxCapacity, _wanted * 4);

    /// <inheritdoc/>
    public void Dispose()
    {
        _maps[0].Dispose();
        _maps[1].Dispose();
    }

    private int Empty(BpfMap<LinkKey, LinkDelta> map, LinkTable table)
    {
        int total = 0;
        MapCursor cursor = default;
        while (!cursor.Ended)
        {
            int count;
            try
            {
                count = map.TakeBatch(ref cursor, _keys, _deltas);
            }
            catch (BpfException exception) when (exception.ErrorName == "ENOSPC")
            {
                // One bucket holds more than fits. Nothing was consumed.
                Array.Resize(ref _keys, _keys.Length * 2);
                Array.Resize(ref _deltas, _deltas.Length * 2);
                continue;
            }

            table.Apply(_keys.AsSpan(0, count), _deltas.AsSpan(0, count));
            total += count;
        }

        return total;
    }

    private void Adapt(int count, int swept)
    {
        if (count > _wanted / 2)
        {
            Grow();
        }

        _largest = Math.Max(_largest, count + swept);
        if (++_quiet == QuietDrains)
        {
            if (_wanted > _minCapacity && _largest < _wanted / 16)
            {
                _wanted = Math.Max(_minCapacity, _wanted / 4);
            }

            _quiet = 0;
            _largest = 0;
        }
    }

    private void Resize(int idle)
    {
        BpfMap<LinkKey, LinkDelta> old = _maps[idle];
        if (old.Shape.MaxEntries == _wanted)
        {
            return;
        }

        BpfMap replacement;
        try
        {
            replacement = BpfMap.Create(old.Shape with { MaxEntries = _wanted });
        }
        catch (BpfException)
        {
            // No memory for it. With the size there is polls go on, and what finds no room is counted: better than none at all.
            _wanted = old.Shape.MaxEntries;
            return;
        }

        _maps[idle] = replacement.As<LinkKey, LinkDelta>();
        old.Dispose();
    }
}
