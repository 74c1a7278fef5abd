namespace Caretta.Aot.Store;

/// <summary>Numbers distinct byte strings from 0 on. What is known is found without allocating. One thread at a time.</summary>
internal sealed class Utf8Table
{
    private byte[] _bytes = new byte[4096];
    private int[] _ends = new int[64];          // where each string ends; the next begins there
    private int[] _hashes = new int[64];
    private int[] _slots = new int[128];        // number + 1; a power of two, at most half full

    /// <summary>Strings that are in it.</summary>
    public int Count { get; private set; }

    /// <summary>The number of a string, which may be new.</summary>
    public int Add(ReadOnlySpan<byte> text, out bool isNew)
    {
        // Seeded per process: names come from strangers.
        var hasher = new HashCode();
        hasher.AddBytes(text);
        int hash = hasher.ToHashCode();
        int slot = hash & (_slots.Length - 1);
        while (_slots[slot] != 0)
        {
            int known = _slots[slot] - 1;
            if (_hashes[known] == hash && Get(known).SequenceEqual(text))
            {
                isNew = false;
                return known;
            }

            slot = (slot + 1) & (_slots.Length - 1);
        }

        isNew = true;
        _slots[slot] = Append(text, hash) + 1;
        if (Count * 2 >= _slots.Length)
        {
            Rehash();
        }

        return Count - 1;
    }

    private ReadOnlySpan<byte> Get(int number) => _bytes.AsSpan(Begin(number).._ends[number]);

    private int Begin(int number) => number == 0 ? 0 : _ends[number - 1];

    private int Append(ReadOnlySpan<byte> text, int hash)
    {
        int begin = Begin(Count);
        if (_bytes.Length - begin < text.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, begin + text.Length));
        }

        if (_ends.Length == Count)
        {
            Array.Resize(ref _ends, Count * 2);
            Array.Resize(ref _hashes, Count * 2);
        }

        text.CopyTo(_bytes.AsSpan(begin));
        _ends[Count] = begin + text.Length;
        _hashes[Count] = hash;
        return Count++;
    }

    private void Rehash()
    {
        _slots = new int[_slots.Length * 2];
        for (int i = 0; i < Count; i++)
        {
            int slot = _hashes[i] & (_slots.Length - 1);
            while (_slots[slot] != 0)
            {
                slot = (slot + 1) & (_slots.Length - 1);
            }

            _slots[slot] = i + 1;
        }
    }
}
