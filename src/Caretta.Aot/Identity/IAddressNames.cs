namespace Caretta.Aot.Identity;

/// <summary>Knows names of addresses elsewhere. Never waits; poll thread only.</summary>
internal interface IAddressNames
{
    /// <summary>Grows whenever an answer was learnt: while it stands still, asking again gives the same answers.</summary>
    long Epoch { get; }

    /// <summary>Looks for the name of <paramref name="address"/>; an unknown one is asked for in the background.</summary>
    /// <param name="address">An address.</param>
    /// <param name="name">Its name; null when it has none.</param>
    /// <returns>False while the answer is not known.</returns>
    bool TryGetName(NetAddress address, out string? name);
}
