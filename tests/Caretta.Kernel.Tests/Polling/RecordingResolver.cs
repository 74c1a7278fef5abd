using Caretta.Aot.Links;

namespace Caretta.Kernel.Tests.Polling;

/// <summary>Gives every key a link of its own, and remembers which.</summary>
internal sealed class RecordingResolver : ILinkResolver
{
    /// <summary>The keys, in the order of their links.</summary>
    public List<LinkKey> Keys { get; } = [];

    public LinkEnds Resolve(in LinkKey key)
    {
        Keys.Add(key);
        return new LinkEnds(Keys.Count, Keys.Count, false);
    }
}
