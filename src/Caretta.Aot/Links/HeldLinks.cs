namespace Caretta.Aot.Links;

/// <summary>What was counted for keys whose names are on their way, one entry per key, in no order. Poll thread only.</summary>
internal sealed class HeldLinks
{
    private Entry[] _entries = [];

    /// <summary>Keys that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes sent that wait.</summary>
    public ulong SentBytes { get; private set; }

    /// <summary>Bytes received that wait.</summary>
    public ulong ReceivedBytes { get; private set; }

    /// <summary>The entry at <paramref name="index"/>; good until the next <see cref="Add(in LinkKey, long)"/>.</summary>
    public ref readonly Entry this[int index] => ref _entries[index];

    /// <summary>Begins to hold a key.</summary>
    /// <returns>Where.</returns>
    public int Add(in LinkKey key, long since)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(64, Count * 2));
        }

        _entries[Count] = new Entry { Key = key, Since = since };
        return Count++;
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
        Count--;
        _entries[index] = _entries[Count];
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
    }
}
