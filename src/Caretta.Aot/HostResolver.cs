using Caretta.Aot.Host;
using Caretta.Aot.Links;

namespace Caretta.Aot;

/// <summary>
/// Names the ends of links on a machine without a cluster: introduces <see cref="HostNames"/> to <see cref="LinkTable"/>. Poll thread only.
/// </summary>
internal sealed class HostResolver(HostNames names) : ILinkResolver
{
    /// <inheritdoc/>
    public long Epoch => 0;

    /// <inheritdoc/>
    public int Other => names.OtherEnd;

    /// <summary>Nothing: nobody says which units, containers and processes are gone for good.</summary>
    public bool IsGone(int workload) => false;

    /// <inheritdoc/>
    public LinkEnds Resolve(in LinkKey key, TimeSpan waited = default, LinkHolders holders = default)
    {
        int local = Owner(key.LocalOwner, out bool provisional);
        int remote;
        if ((key.Flags & LinkKeyFlags.PeerKnown) != 0)
        {
            remote = Owner(key.RemoteOwner, out bool remoteProvisional);
            provisional |= remoteProvisional;
        }
        else
        {
            remote = names.Remote(key.RemoteAddress);
        }

        return key.Role == LinkRole.Server ? new LinkEnds(remote, local, provisional) : new LinkEnds(local, remote, provisional);
    }

    private int Owner(SocketOwner owner, out bool provisional) =>
        names.Local(owner.CgroupId, owner.CommFirst, owner.CommSecond, out provisional);
}
