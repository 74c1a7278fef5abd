using Caretta.Aot.Links;

namespace Caretta.Kernel.Tests.Polling;

/// <summary>Gives every key a link of its own, and remembers which.</summary>
internal sealed class RecordingResolver : ILinkResolver
{
    /// <summary>The keys, in the order of their links.</summary>
    public List<LinkKey> Keys { get; } = [];

    public long Epoch => 0;

    public int Other => 0;

    public bool IsGone(int workload) => false;

    public LinkEnds Resolve(in LinkKey key, TimeSpan waited, LinkHolders holders)
    {
        Keys.Add(key);
        return new LinkEnds(Keys.Count, Keys.Count);
    }
}
