namespace Caretta.Aot.Links;

/// <summary>Both ends of a link by workload number.</summary>
/// <param name="Client">Workload that connected; negative while the answer is <see cref="Held"/>.</param>
/// <param name="Server">Workload that accepted.</param>
/// <param name="Provisional">A better answer may come: ask again when the link is next active.</param>
/// <param name="Holders">Whose the bytes are, also while their names are on their way.</param>
internal readonly record struct LinkEnds(int Client, int Server, bool Provisional = false, LinkHolders Holders = default)
{
    /// <summary>The names are on their way: hold the bytes and ask again.</summary>
    public static LinkEnds Held => HeldFor(default);

    /// <summary>Whether this is <see cref="Held"/>, whoever for.</summary>
    public bool IsHeld => Client < 0;

    /// <summary>As <see cref="Held"/>, with what is known of whose the bytes are.</summary>
    public static LinkEnds HeldFor(LinkHolders holders) => new(-1, -1, Holders: holders);
}
