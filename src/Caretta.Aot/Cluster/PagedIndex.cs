using System.Numerics;

namespace Caretta.Aot.Cluster;

/// <summary>
/// Numbers by key: a hash table whose entries lie in pages that never move. A dictionary copies all it has each time it doubles, and
/// leaves arrays behind that are large objects to the runtime and lie about until its rarest collection; after the first list of a large
/// cluster they were half of the heap. Not safe for several threads at once.
/// </summary>
/// <typeparam name="TKey">What the numbers are found by.</typeparam>
internal sealed class PagedIndex<TKey>
    where TKey : unmanaged, IEquatable<TKey>
{
    // 1,024 entries of 24 bytes: well below what the runtime takes for a large object.
    private const int PageBits = 10;
    private const int PageSize = 1 << PageBits;

    private readonly List<Entry[]> _pages = [];
    private int[] _buckets = new int[64];       // number of the first entry + 1; 0 for none
    private int _used;
    private int _free = -1;

    /// <summary>Keys held.</summary>
    public int Count { get; private set; }

    /// <summary>Looks for a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="number">Its number; -1 if it is not held.</param>
    public bool TryFind(TKey key, out int number)
    {
        int index = Find(key);
        number = index >= 0 ? At(index).Number : -1;
        return index >= 0;
    }

    /// <summary>The number of a key, made first if need be; good until the key is removed.</summary>
    /// <param name="key">The key.</param>
    /// <param name="existed">Whether it was held; if not, its number is 0.</param>
    public ref int GetOrAdd(TKey key, out bool existed)
    {
        int index = Find(key);
        existed = index >= 0;
        return ref At(existed ? index : Add(key)).Number;
    }

    /// <summary>Removes a key, if it is held.</summary>
    public void Remove(TKey key)
    {
        ref int link = ref _buckets[Bucket(key)];
        while (link != 0)
        {
            int index = link - 1;
            ref Entry entry = ref At(index);
            if (entry.Key.Equals(key))
            {
                link = entry.Next;
                entry.Next = _free;
                _free = index;
                Count--;
                return;
            }

            link = ref entry.Next;
        }
    }

    // Addresses of one network differ in a few bits only: the multiplier, 2^64 divided by the golden ratio, carries them to the top.
    private int Bucket(TKey key) =>
        (int)(((uint)key.GetHashCode() * 0x9e37_79b9_7f4a_7c15) >> (64 - BitOperations.Log2((uint)_buckets.Length)));

    private ref Entry At(int index) => ref _pages[index >> PageBits][index & (PageSize - 1)];

    private int Find(TKey key)
    {
        int index = _buckets[Bucket(key)] - 1;
        while (index >= 0 && !At(index).Key.Equals(key))
        {
            index = At(index).Next - 1;
        }

        return index;
    }

    private int Add(TKey key)
    {
        if (++Count > _buckets.Length)
        {
            Grow();
        }

        int index = _free;
        if (index >= 0)
        {
            _free = At(index).Next;
        }
        else
        {
            index = _used++;
            if (index >> PageBits == _pages.Count)
            {
                _pages.Add(new Entry[PageSize]);
            }
        }

        ref int bucket = ref _buckets[Bucket(key)];
        At(index) = new Entry { Key = key, Next = bucket };
        bucket = index + 1;
        return index;
    }

    private void Grow()
    {
        int[] old = _buckets;
        _buckets = new int[old.Length * 2];
        foreach (int first in old)
        {
            for (int next = first; next != 0;)
            {
                ref Entry entry = ref At(next - 1);
                ref int bucket = ref _buckets[Bucket(entry.Key)];
                (next, bucket, entry.Next) = (entry.Next, next, bucket);
            }
        }
    }

    private struct Entry
    {
        public TKey Key;
        public int Number;
        public int Next;    // number of the next entry + 1, 0 for none; of a free entry the number of the next free one, -1 for none
    }
}
