namespace Caretta.Aot.Links;

/// <summary>Names the ends of links. Called on the poll thread.</summary>
internal interface ILinkResolver
{
    /// <summary>Grows whenever an answer given before may have changed: keys are then asked for again at their next activity.</summary>
    long Epoch { get; }

    /// <summary>Workload that stands for both ends of the link which takes what is beyond the budget.</summary>
    int Other { get; }

    /// <summary>
    /// Says which workloads are the ends of <paramref name="key"/>. Asked once per key, again when <see cref="Epoch"/> grew, at later
    /// activity while the answer is <see cref="LinkEnds.Provisional"/>, and at every poll while it is <see cref="LinkEnds.Held"/>. Never
    /// throws: an end that cannot be named gets a placeholder. Allocates nothing where nothing is new.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="waited">
    /// How long the oldest bytes of this key have been held; zero, and only then, for none. <see cref="TimeSpan.MaxValue"/> demands names.
    /// </param>
    /// <param name="holders">
    /// Whose the bytes are, from an earlier answer: names those, whoever holds the addresses now. Nothing for bytes that are new.
    /// </param>
    LinkEnds Resolve(in LinkKey key, TimeSpan waited, LinkHolders holders = default);

    /// <summary>Whether nothing says that this end still exists, so that its idle links may end.</summary>
    bool IsGone(int workload);
}
