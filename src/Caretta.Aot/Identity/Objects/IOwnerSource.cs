using System.Diagnostics.CodeAnalysis;

namespace Caretta.Aot.Identity.Objects;

/// <summary>Answers which object stands at the top of a chain of owners. Never waits; any thread.</summary>
internal interface IOwnerSource
{
    /// <summary>Grows whenever an answer was learnt: while it stands still, asking again gives the same answers.</summary>
    long Epoch { get; }

    /// <summary>
    /// Looks up what stands above <paramref name="controller"/>. Allocates nothing once the answer is known. An unknown answer is asked
    /// for in the background, once, however often this is called; it may never come while the API server is away.
    /// </summary>
    /// <param name="space">Namespace of the object that is controlled.</param>
    /// <param name="controller">Its direct controller.</param>
    /// <param name="top">The topmost owner; <paramref name="controller"/> itself where it has none or may not be read.</param>
    /// <returns>Whether the answer is known.</returns>
    bool TryGetTop(string space, OwnerReference controller, [NotNullWhen(true)] out OwnerReference? top);
}
