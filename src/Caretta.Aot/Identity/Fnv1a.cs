namespace Caretta.Aot.Identity;

/// <summary>
/// FNV-1a, 32 bits: the hash behind <c>client_id</c>, <c>server_id</c> and <c>link_id</c>, which dashboards outside rely on.
/// Source: RFC 9923, sections 2 and 5. A hash is continued by passing the last result as the next seed.
/// </summary>
internal static class Fnv1a
{
    /// <summary>The hash of no bytes.</summary>
    public const uint OffsetBasis = 2166136261;

    private const uint Prime = 16777619;

    /// <summary>Returns <paramref name="hash"/> continued over <paramref name="bytes"/>.</summary>
    public static uint Continue(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            hash = unchecked((hash ^ value) * Prime);
        }

        return hash;
    }
}
