using Caretta.Aot.Collections;

namespace Caretta.Aot.Links;

/// <summary>What was counted for keys whose names are on their way, one entry per key and per holder, in no order. Poll thread only.</summary>
internal sealed class HeldLinks
{
    private readonly PagedList<Entry> _entries = new();

    /// <summary>Keys that wait.</summary>
    public int Count => _entries.Count;

    /// <summary>Bytes sent that wait.</summary>
    public ulong SentBytes { get; private set; }

    /// <summary>Bytes received that wait.</summary>
    public ulong ReceivedBytes { get; private set; }

    /// <summary>The entry at <paramref name="index"/>; good until it is removed.</summary>
    public ref readonly Entry this[int index] => ref _entries[index];

    /// <summary>Begins to hold a key.</summary>
    /// <returns>Where.</returns>
    public int Add(in LinkKey key, long since)
    {
        int index = _entries.Add();
        _entries[index] = new Entry { Key = key, Since = since };
        return index;
    }

    /// <summary>Notes whose the bytes are, as far as it is known now and was not before.</summary>
    public void AddHolders(int index, LinkHolders holders) => _entries[index].Holders = _entries[index].Holders.Or(holders);

    /// <summary>Adds connections that are open and have moved here from an entry that was parted from the key.</summary>
    public void AddOpen(int index, long open) => _entries[index].Totals.Open += open;

    /// <summary>
    /// Parts an entry from its key: what waits there is its holders' alone, and new bytes of the key are somebody else's.
    /// </summary>
    /// <returns>Connections that are open: they stay with the key, which will count their end.</returns>
    public long Part(int index)
    {
        ref Entry entry = ref _entries[index];
        entry.IsParted = true;
        long open = entry.Totals.Open;
        entry.Totals.Open = 0;
        return open;
    }

    /// <summary>Adds to what waits.</summary>
    public void Add(int index, in LinkDelta delta)
    {
        _entries[index].Totals.Add(in delta);
        SentBytes += delta.SentBytes;
        ReceivedBytes += delta.ReceivedBytes;
    }

    /// <summary>Ends an entry and returns what it held. The last entry takes its place.</summary>
    /// <returns>Whether another entry moved to <paramref name="index"/>.</returns>
    public bool Remove(int index, out LinkTotals totals)
    {
        totals = _entries[index].Totals;
        SentBytes -= totals.SentBytes;
        ReceivedBytes -= totals.ReceivedBytes;
        _entries[index] = _entries[Count - 1];
        _entries.RemoveLast();
        return index < Count;
    }

    /// <summary>One key that waits.</summary>
    public struct Entry
    {
        /// <summary>The key.</summary>
        public LinkKey Key;

        /// <summary>Timestamp of the oldest bytes.</summary>
        public long Since;

        /// <summary>What waits.</summary>
        public LinkTotals Totals;

        /// <summary>Whose it is, as far as that is known.</summary>
        public LinkHolders Holders;

        /// <summary>Whether the key has another entry, or none, for new bytes.</summary>
        public bool IsParted;
    }
}
