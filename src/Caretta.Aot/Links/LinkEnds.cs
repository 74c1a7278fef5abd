namespace Caretta.Aot.Links;

/// <summary>Both ends of a link by workload number.</summary>
/// <param name="Client">Workload that connected; negative while the answer is <see cref="Held"/>.</param>
/// <param name="Server">Workload that accepted.</param>
/// <param name="Provisional">A better answer may come: ask again when the link is next active.</param>
internal readonly record struct LinkEnds(int Client, int Server, bool Provisional = false)
{
    /// <summary>The names are on their way: hold the bytes and ask again.</summary>
    public static LinkEnds Held => new(-1, -1);

    /// <summary>Whether this is <see cref="Held"/>.</summary>
    public bool IsHeld => Client < 0;
}
