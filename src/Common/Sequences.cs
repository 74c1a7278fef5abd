namespace Caretta.Linq;

/// <summary>
/// The few operators on sequences that the two projects use, named and behaving as those of System.Linq: lazy, in order, sorting stably.
/// Compiled ahead of time, each use of the framework's brings some thirty methods for each type of element; these bring one or two, which
/// keeps over half a megabyte out of the agent. For paths that are not hot: each allocates.
/// </summary>
internal static class Sequences
{
    /// <summary>What <paramref name="selector"/> makes of each element.</summary>
    public static IEnumerable<TResult> Select<T, TResult>(this IEnumerable<T> source, Func<T, TResult> selector)
    {
        foreach (T element in source)
        {
            yield return selector(element);
        }
    }

    /// <summary>The elements for which <paramref name="predicate"/> holds.</summary>
    public static IEnumerable<T> Where<T>(this IEnumerable<T> source, Func<T, bool> predicate)
    {
        foreach (T element in source)
        {
            if (predicate(element))
            {
                yield return element;
            }
        }
    }

    /// <summary>The elements that are a <typeparamref name="T"/>.</summary>
    public static IEnumerable<T> OfType<T>(this System.Collections.IEnumerable source)
    {
        foreach (object? element in source)
        {
            if (element is T wanted)
            {
                yield return wanted;
            }
        }
    }

    /// <summary>All elements but the first <paramref name="count"/>.</summary>
    public static IEnumerable<T> Skip<T>(this IEnumerable<T> source, int count)
    {
        foreach (T element in source)
        {
            if (count-- <= 0)
            {
                yield return element;
            }
        }
    }

    /// <summary>The first <paramref name="count"/> elements, or all if there are fewer.</summary>
    public static IEnumerable<T> Take<T>(this IEnumerable<T> source, int count)
    {
        if (count <= 0)
        {
            yield break;
        }

        foreach (T element in source)
        {
            yield return element;
            if (--count == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>One after the other.</summary>
    public static IEnumerable<T> Concat<T>(this IEnumerable<T> source, IEnumerable<T> others)
    {
        foreach (T element in source)
        {
            yield return element;
        }

        foreach (T element in others)
        {
            yield return element;
        }
    }

    /// <summary>Each element once, where it is first met.</summary>
    public static IEnumerable<T> Distinct<T>(this IEnumerable<T> source)
    {
        var seen = new HashSet<T>();
        foreach (T element in source)
        {
            if (seen.Add(element))
            {
                yield return element;
            }
        }
    }

    /// <summary>Whether there is an element for which <paramref name="predicate"/> holds.</summary>
    public static bool Any<T>(this IEnumerable<T> source, Func<T, bool> predicate)
    {
        foreach (T element in source)
        {
            if (predicate(element))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether <paramref name="predicate"/> holds for every element.</summary>
    public static bool All<T>(this IEnumerable<T> source, Func<T, bool> predicate) => !source.Any(element => !predicate(element));

    /// <summary>The first element for which <paramref name="predicate"/> holds, or the type's default.</summary>
    public static T? FirstOrDefault<T>(this IEnumerable<T> source, Func<T, bool> predicate)
    {
        foreach (T element in source)
        {
            if (predicate(element))
            {
                return element;
            }
        }

        return default;
    }

    /// <summary>The one element for which <paramref name="predicate"/> holds.</summary>
    /// <exception cref="InvalidOperationException">There is none, or more than one.</exception>
    public static T Single<T>(this IEnumerable<T> source, Func<T, bool> predicate)
    {
        T[] found = [.. source.Where(predicate)];
        return found.Length == 1 ? found[0] : throw new InvalidOperationException($"{found.Length} elements, and one was expected");
    }

    /// <summary>The elements for which <paramref name="predicate"/> holds, counted.</summary>
    public static int Count<T>(this IEnumerable<T> source, Func<T, bool> predicate)
    {
        int count = 0;
        foreach (T element in source)
        {
            count += predicate(element) ? 1 : 0;
        }

        return count;
    }

    /// <summary>Sum of what <paramref name="selector"/> makes of the elements.</summary>
    /// <exception cref="OverflowException">It is beyond the type.</exception>
    public static int Sum<T>(this IEnumerable<T> source, Func<T, int> selector)
    {
        int sum = 0;
        foreach (T element in source)
        {
            sum = checked(sum + selector(element));
        }

        return sum;
    }

    /// <summary>The greatest that <paramref name="selector"/> makes of an element.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static int Max<T>(this IEnumerable<T> source, Func<T, int> selector)
    {
        int? max = null;
        foreach (T element in source)
        {
            max = Math.Max(max ?? int.MinValue, selector(element));
        }

        return max ?? throw new InvalidOperationException("no elements, and one at least was expected");
    }

    /// <summary>The elements under their keys.</summary>
    /// <exception cref="ArgumentException">Two have the same key.</exception>
    public static Dictionary<TKey, T> ToDictionary<T, TKey>(
        this IEnumerable<T> source, Func<T, TKey> key, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull =>
        source.ToDictionary(key, element => element, comparer);

    /// <summary>What <paramref name="value"/> makes of the elements, under their keys.</summary>
    /// <exception cref="ArgumentException">Two have the same key.</exception>
    public static Dictionary<TKey, TValue> ToDictionary<T, TKey, TValue>(
        this IEnumerable<T> source, Func<T, TKey> key, Func<T, TValue> value, IEqualityComparer<TKey>? comparer = null)
        where TKey : notnull
    {
        var found = new Dictionary<TKey, TValue>(comparer);
        foreach (T element in source)
        {
            found.Add(key(element), value(element));
        }

        return found;
    }

    /// <summary>The elements as an array.</summary>
    public static T[] ToArray<T>(this IEnumerable<T> source) => new List<T>(source).ToArray();

    /// <summary>The elements as a list.</summary>
    public static List<T> ToList<T>(this IEnumerable<T> source) => new(source);

    /// <summary>The elements, the smallest key first.</summary>
    public static Sorted<T> OrderBy<T, TKey>(this IEnumerable<T> source, Func<T, TKey> key, IComparer<TKey>? comparer = null) =>
        new(source, Sorted<T>.By(key, comparer));
}
