namespace Caretta.Aot.Links;

/// <summary>No tier can run on this machine.</summary>
/// <param name="attempts">What was tried, best first.</param>
internal sealed class TierException(IReadOnlyList<TierAttempt> attempts) : Exception(TierChoice.Describe(attempts))
{
    /// <summary>What was tried, best first.</summary>
    public IReadOnlyList<TierAttempt> Attempts => attempts;

    /// <summary>Whether the process lacks a privilege, as far as the kernel tells that apart.</summary>
    public bool IsPermission => attempts.Any(static attempt => attempt.ErrorName is "EPERM" or "EACCES");
}
