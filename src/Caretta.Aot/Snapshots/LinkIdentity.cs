namespace Caretta.Aot.Snapshots;

/// <summary>What makes a link the link it is; never changes once a link has its number.</summary>
/// <param name="Client">Workload number of the client.</param>
/// <param name="Server">Workload number of the server.</param>
/// <param name="Port">Port the server listens on.</param>
/// <param name="Role">1 seen from the client, 2 seen from the server.</param>
internal readonly record struct LinkIdentity(int Client, int Server, ushort Port, byte Role)
{
    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // Workload numbers are ours and dense: no stranger picks them, so a fixed odd multiplier spreads them well enough.
        ulong hash = unchecked(((ulong)(uint)Client << 32 | (uint)Server) * 0x9e3779b97f4a7c15);
        hash = unchecked((hash ^ (hash >> 29) ^ ((ulong)Port << 8) ^ Role) * 0xbf58476d1ce4e5b9);
        return (int)(hash >> 32);
    }
}
