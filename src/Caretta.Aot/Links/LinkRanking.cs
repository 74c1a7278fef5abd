namespace Caretta.Aot.Links;

/// <summary>Links by bytes, ascending. Its storage is used again. Poll thread only.</summary>
internal sealed class LinkRanking
{
    private ulong[] _bytes = [];
    private int[] _links = [];

    /// <summary>Links in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of each.</summary>
    public ReadOnlySpan<ulong> Bytes => _bytes.AsSpan(0, Count);

    /// <summary>The links, in the order of <see cref="Bytes"/>.</summary>
    public ReadOnlySpan<int> Links => _links.AsSpan(0, Count);

    /// <summary>Starts anew with room for <paramref name="capacity"/> links.</summary>
    public void Clear(int capacity)
    {
        Count = 0;
        if (_bytes.Length < capacity)
        {
            // Twice what is needed: it grows with the links, one by one.
            _bytes = new ulong[capacity * 2];
            _links = new int[capacity * 2];
        }
    }

    /// <summary>Adds a link; the order is restored by <see cref="Sort"/>.</summary>
    public void Add(ulong bytes, int link)
    {
        _bytes[Count] = bytes;
        _links[Count++] = link;
    }

    /// <summary>Puts the smallest first.</summary>
    public void Sort() => Array.Sort(_bytes, _links, 0, Count);
}
