namespace Caretta.Aot.Links;

/// <summary>
/// Whose the bytes of a key are, as numbers of the resolver's own, known before they can be named: an address may change hands while its
/// former holder's name is still being looked up. Zero stands for an end whose holder is not known.
/// </summary>
/// <param name="Local">Holder of the local end.</param>
/// <param name="Remote">Holder of the remote end.</param>
internal readonly record struct LinkHolders(long Local, long Remote)
{
    /// <summary>Whether an end whose holder was known has another one <paramref name="now"/>, or none.</summary>
    public bool DifferFrom(LinkHolders now) => (Local != 0 && Local != now.Local) || (Remote != 0 && Remote != now.Remote);

    /// <summary>These, and where one is not known, the other's.</summary>
    public LinkHolders Or(LinkHolders other) => new(Local != 0 ? Local : other.Local, Remote != 0 ? Remote : other.Remote);
}
