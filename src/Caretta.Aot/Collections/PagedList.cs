namespace Caretta.Aot.Collections;

/// <summary>
/// A list in pages that never move: growing copies nothing and leaves nothing behind. Not safe for several threads at once.
/// </summary>
/// <typeparam name="T">At most 160 bytes, so that a page is no large object to the runtime (85,000 bytes).</typeparam>
internal sealed class PagedList<T>
    where T : struct
{
    private const int PageBits = 9;
    private const int PageSize = 1 << PageBits;
    private const int SparePages = 2;

    private readonly List<T[]> _pages = [];

    /// <summary>Items held.</summary>
    public int Count { get; private set; }

    /// <summary>The item at a place below <see cref="Count"/>.</summary>
    public ref T this[int index] => ref _pages[index >> PageBits][index & (PageSize - 1)];

    /// <summary>Adds an item; what it holds is up to the caller to set.</summary>
    /// <returns>Its place.</returns>
    public int Add()
    {
        if (Count == _pages.Count << PageBits)
        {
            _pages.Add(new T[PageSize]);
        }

        return Count++;
    }

    /// <summary>Removes the last item, and gives its page back where more than a few are empty.</summary>
    public void RemoveLast()
    {
        Count--;
        int used = (Count + PageSize - 1) >> PageBits;
        if (_pages.Count > used + SparePages)
        {
            _pages.RemoveAt(_pages.Count - 1);
        }
    }
}
