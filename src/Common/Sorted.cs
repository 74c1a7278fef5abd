using System.Collections;

namespace Caretta.Linq;

/// <summary>A sequence in order, sorted anew each time it is walked; equal elements stay as they were.</summary>
internal sealed class Sorted<T> : IEnumerable<T>
{
    private readonly IEnumerable<T> _source;
    private readonly Comparison<T> _comparison;

    /// <summary>Sorts nothing yet.</summary>
    public Sorted(IEnumerable<T> source, Comparison<T> comparison)
    {
        _source = source;
        _comparison = comparison;
    }

    /// <summary>Compares by key.</summary>
    public static Comparison<T> By<TKey>(Func<T, TKey> key, IComparer<TKey>? comparer)
    {
        comparer ??= Comparer<TKey>.Default;
        return (a, b) => comparer.Compare(key(a), key(b));
    }

    /// <summary>Elements that were equal until here, the smallest key first.</summary>
    public Sorted<T> ThenBy<TKey>(Func<T, TKey> key, IComparer<TKey>? comparer = null)
    {
        Comparison<T> first = _comparison, second = By(key, comparer);
        return new Sorted<T>(_source, (a, b) => first(a, b) is var order and not 0 ? order : second(a, b));
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        T[] elements = new List<T>(_source).ToArray();
        Merge(elements, new T[elements.Length], 0, elements.Length);
        return ((IEnumerable<T>)elements).GetEnumerator();
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // Halves first, then the two merged, of equals the left one first.
    private void Merge(T[] elements, T[] spare, int from, int to)
    {
        if (to - from < 2)
        {
            return;
        }

        int middle = (from + to) >>> 1;
        Merge(elements, spare, from, middle);
        Merge(elements, spare, middle, to);
        Array.Copy(elements, from, spare, from, to - from);
        for (int next = from, left = from, right = middle; next < to; next++)
        {
            bool takesLeft = right == to || (left < middle && _comparison(spare[left], spare[right]) <= 0);
            elements[next] = takesLeft ? spare[left++] : spare[right++];
        }
    }
}
