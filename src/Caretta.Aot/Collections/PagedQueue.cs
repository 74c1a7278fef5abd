namespace Caretta.Aot.Collections;

/// <summary>
/// First in, first out, in pages that are given back as they empty: a <see cref="Queue{T}"/> keeps one array as large as it ever was, and
/// leaves another half as large behind each time it grows. Not safe for several threads at once.
/// </summary>
internal sealed class PagedQueue<T>
    where T : struct
{
    private const int PageSize = 512;

    private readonly Queue<T[]> _pages = [];
    private T[] _last = [];
    private T[]? _spare;
    private int _head;
    private int _tail;      // places taken of the last page

    /// <summary>Items held.</summary>
    public int Count { get; private set; }

    /// <summary>Adds an item at the end.</summary>
    public void Enqueue(in T item)
    {
        if (_tail == _last.Length)
        {
            _last = _spare ?? new T[PageSize];
            _spare = null;
            _pages.Enqueue(_last);
            _tail = 0;
        }

        _last[_tail++] = item;
        Count++;
    }

    /// <summary>The first item; there must be one. Good until the queue is changed.</summary>
    public ref readonly T Peek() => ref _pages.Peek()[_head];

    /// <summary>Removes the first item; there must be one.</summary>
    public void Dequeue()
    {
        Count--;
        if (++_head < PageSize)
        {
            return;
        }

        _head = 0;
        T[] page = _pages.Dequeue();
        if (ReferenceEquals(page, _last))
        {
            // It was full, too: whatever comes next begins a page.
            _last = [];
            _tail = 0;
        }

        _spare = page;
    }
}
