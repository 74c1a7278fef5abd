using System.Runtime.InteropServices;
using Caretta.Aot.Identity;

namespace Caretta.Aot.Links;

/// <summary>
/// One edge as one of its ends sees it: <c>struct link_key</c> of <c>bpf/caretta.h</c>, 88 bytes, the same in memory.
/// </summary>
/// <param name="LocalAddress">Address of the local end.</param>
/// <param name="RemoteAddress">Address of the remote end.</param>
/// <param name="LocalOwner">Who created the local socket.</param>
/// <param name="RemoteOwner">Who created the remote socket; all zero without <see cref="LinkKeyFlags.PeerKnown"/>.</param>
/// <param name="ServerPort">Port the server listens on, host order.</param>
/// <param name="Role">Role of the local end.</param>
/// <param name="Flags">What is known beyond the local socket.</param>
/// <param name="Padding">Always zero: the kernel hashes the key whole.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct LinkKey(
    NetAddress LocalAddress,
    NetAddress RemoteAddress,
    SocketOwner LocalOwner,
    SocketOwner RemoteOwner,
    ushort ServerPort,
    LinkRole Role,
    LinkKeyFlags Flags,
    uint Padding = 0)
{
    // Remote addresses are chosen by strangers: with a fixed seed they could be chosen to collide.
    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64() | 1;

    /// <summary>Whether the connection never leaves its network namespace.</summary>
    public bool IsLoopback => LocalAddress.IsLoopback || RemoteAddress.IsLoopback;

    /// <inheritdoc/>
    public bool Equals(LinkKey other) =>
        LocalAddress.First == other.LocalAddress.First && LocalAddress.Second == other.LocalAddress.Second
        && RemoteAddress.First == other.RemoteAddress.First && RemoteAddress.Second == other.RemoteAddress.Second
        && LocalOwner.CgroupId == other.LocalOwner.CgroupId
        && LocalOwner.CommFirst == other.LocalOwner.CommFirst && LocalOwner.CommSecond == other.LocalOwner.CommSecond
        && RemoteOwner.CgroupId == other.RemoteOwner.CgroupId
        && RemoteOwner.CommFirst == other.RemoteOwner.CommFirst && RemoteOwner.CommSecond == other.RemoteOwner.CommSecond
        && ServerPort == other.ServerPort && Role == other.Role && Flags == other.Flags;

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // Each step multiplies two different inputs to 128 bits and folds the halves, so every input bit reaches every output bit.
        ulong hash = Fold(LocalAddress.First ^ Seed, LocalAddress.Second ^ 0x9e3779b97f4a7c15);
        hash = Fold(RemoteAddress.First ^ hash, RemoteAddress.Second ^ 0xd1b54a32d192ed03);
        hash = Fold(LocalOwner.CgroupId ^ hash, RemoteOwner.CgroupId ^ 0x8cb92ba72f3d8dd7);
        hash = Fold(LocalOwner.CommFirst ^ hash, LocalOwner.CommSecond ^ 0xaef17502108ef2d9);
        hash = Fold(RemoteOwner.CommFirst ^ hash, RemoteOwner.CommSecond ^ 0xf58ed1f53a49bd55);
        hash = Fold(((ulong)ServerPort << 16 | (ulong)Role << 8 | (ulong)Flags) ^ hash, 0xa0761d6478bd642f);
        return (int)hash ^ (int)(hash >> 32);
    }

    private static ulong Fold(ulong left, ulong right)
    {
        ulong high = Math.BigMul(left, right, out ulong low);

        // A factor of zero would wipe out everything hashed so far: put the inputs back in.
        return high ^ low ^ left ^ ulong.RotateLeft(right, 32);
    }
}
