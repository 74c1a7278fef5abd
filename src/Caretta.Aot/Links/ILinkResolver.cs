namespace Caretta.Aot.Links;

/// <summary>Names the ends of a link. Called on the poll thread.</summary>
internal interface ILinkResolver
{
    /// <summary>
    /// Says which workloads are the ends of <paramref name="key"/>. Asked once per key, and again at later activity while the answer is
    /// <see cref="LinkEnds.Provisional"/>. Never throws: an end that cannot be named gets a placeholder.
    /// </summary>
    LinkEnds Resolve(in LinkKey key);
}
