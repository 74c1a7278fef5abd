namespace Caretta.Aot.Store;

/// <summary>Links by their ends. One thread at a time.</summary>
internal sealed class ObservedLinks
{
    private readonly Dictionary<ObservedEnds, ObservedLink> _byEnds = [];

    /// <summary>All of them, in the order in which the store named them.</summary>
    public List<ObservedLink> All { get; } = [];

    /// <summary>Finds a link or adds it.</summary>
    public ObservedLink GetOrAdd(in ObservedEnds ends)
    {
        if (!_byEnds.TryGetValue(ends, out ObservedLink? link))
        {
            link = new ObservedLink(ends);
            _byEnds.Add(ends, link);
            All.Add(link);
        }

        return link;
    }

    /// <summary>Finds a link; null where there is none.</summary>
    public ObservedLink? Find(in ObservedEnds ends) => _byEnds.GetValueOrDefault(ends);
}
