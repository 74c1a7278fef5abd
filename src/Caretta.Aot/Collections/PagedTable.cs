using System.Numerics;

namespace Caretta.Aot.Collections;

/// <summary>
/// Values by key: a hash table whose entries lie in pages that never move. A dictionary copies all it has each time it doubles, and
/// leaves arrays behind that are large objects to the runtime and lie about until its rarest collection; after the first list of a large
/// cluster they were half of the heap. Not safe for several threads at once.
/// </summary>
/// <typeparam name="TKey">What values are found by. Its hash code should differ in its low bits, or in its high ones.</typeparam>
/// <typeparam name="TValue">With the key at most 150 bytes, so that a page is no large object.</typeparam>
internal sealed class PagedTable<TKey, TValue>
    where TKey : unmanaged, IEquatable<TKey>
    where TValue : struct
{
    private const int FirstBuckets = 64;

    private readonly PagedList<Entry> _entries = new();
    private int[] _buckets = new int[FirstBuckets];       // place of the first entry + 1; 0 for none
    private int _free = -1;

    /// <summary>Keys held.</summary>
    public int Count { get; private set; }

    /// <summary>Places that were ever used; see <see cref="IsHeld"/>.</summary>
    public int Places => _entries.Count;

    /// <summary>The value of a key that is held; good until it is removed.</summary>
    /// <exception cref="KeyNotFoundException">The key is not held.</exception>
    public ref TValue this[in TKey key]
    {
        get
        {
            int place = Find(in key);
            if (place < 0)
            {
                throw new KeyNotFoundException();
            }

            return ref _entries[place].Value;
        }
    }

    /// <summary>Looks for a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value; the default if it is not held.</param>
    public bool TryFind(in TKey key, out TValue value)
    {
        int place = Find(in key);
        value = place >= 0 ? _entries[place].Value : default;
        return place >= 0;
    }

    /// <summary>The value of a key, made first if need be; good until the key is removed.</summary>
    /// <param name="key">The key.</param>
    /// <param name="existed">Whether it was held; if not, its value is the default.</param>
    public ref TValue GetOrAdd(in TKey key, out bool existed)
    {
        int place = Find(in key);
        existed = place >= 0;
        return ref _entries[existed ? place : Add(in key)].Value;
    }

    /// <summary>Removes a key, if it is held. The keys at other places stay where they are.</summary>
    public void Remove(in TKey key)
    {
        ref int link = ref _buckets[Bucket(in key)];
        while (link != 0)
        {
            int place = link - 1;
            ref Entry entry = ref _entries[place];
            if (entry.Key.Equals(key))
            {
                link = entry.Next;
                entry = new Entry { Next = -2 - _free };
                _free = place;
                Count--;
                return;
            }

            link = ref entry.Next;
        }
    }

    /// <summary>Whether there is a key at a place below <see cref="Places"/>. Going through the places, keys may be removed on the way.</summary>
    public bool IsHeld(int place) => _entries[place].Next >= 0;

    /// <summary>The key at a place.</summary>
    public ref readonly TKey KeyAt(int place) => ref _entries[place].Key;

    /// <summary>The value at a place.</summary>
    public ref TValue ValueAt(int place) => ref _entries[place].Value;

    // Addresses of one network differ in a few bits only: the multiplier, 2^64 divided by the golden ratio, carries them to the top.
    private int Bucket(in TKey key) =>
        (int)(((uint)key.GetHashCode() * 0x9e37_79b9_7f4a_7c15) >> (64 - BitOperations.Log2((uint)_buckets.Length)));

    private int Find(in TKey key)
    {
        int place = _buckets[Bucket(in key)] - 1;
        while (place >= 0)
        {
            ref Entry entry = ref _entries[place];
            if (entry.Key.Equals(key))
            {
                break;
            }

            place = entry.Next - 1;
        }

        return place;
    }

    private int Add(in TKey key)
    {
        if (++Count > _buckets.Length)
        {
            Grow();
        }

        int place = _free;
        if (place >= 0)
        {
            _free = -2 - _entries[place].Next;
        }
        else
        {
            place = _entries.Add();
        }

        ref int bucket = ref _buckets[Bucket(in key)];
        _entries[place] = new Entry { Key = key, Next = bucket };
        bucket = place + 1;
        return place;
    }

    private void Grow()
    {
        int[] old = _buckets;
        _buckets = new int[old.Length * 2];
        foreach (int first in old)
        {
            for (int next = first; next != 0;)
            {
                ref Entry entry = ref _entries[next - 1];
                ref int bucket = ref _buckets[Bucket(in entry.Key)];
                (next, bucket, entry.Next) = (entry.Next, next, bucket);
            }
        }
    }

    private struct Entry
    {
        public TKey Key;
        public TValue Value;
        public int Next;    // place of the next entry + 1, 0 for none; of a free entry -2 minus the next free place, which is -1 for none
    }
}
