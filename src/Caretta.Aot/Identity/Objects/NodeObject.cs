namespace Caretta.Aot.Identity.Objects;

/// <summary>What is used of a node. Immutable; any thread.</summary>
/// <param name="Uid">The node's uid.</param>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Every entry of <c>status.addresses</c> that is an address and not a name.</param>
internal sealed record NodeObject(Uid Uid, string Name, NetAddress[] Addresses);
