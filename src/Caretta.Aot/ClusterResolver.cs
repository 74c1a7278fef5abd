using Caretta.Aot.Cluster;
using Caretta.Aot.Identity;
using Caretta.Aot.Links;

namespace Caretta.Aot;

/// <summary>
/// Names the ends of links on a node of a cluster: introduces <see cref="ClusterNames"/> to <see cref="LinkTable"/>. Poll thread only.
/// </summary>
internal sealed class ClusterResolver(ClusterNames names, NamingRules rules) : ILinkResolver
{
    private readonly WorkloadSet _used = new();

    /// <inheritdoc/>
    public long Epoch => names.Epoch;

    /// <inheritdoc/>
    public int Other => names.Other;

    /// <inheritdoc/>
    public bool IsGone(int workload) => names.IsGone(workload);

    /// <inheritdoc/>
    public LinkEnds Resolve(in LinkKey key, TimeSpan waited, LinkHolders holders = default)
    {
        if (!names.TryNameHolder(holders.Local, waited, out NamedEnd local))
        {
            local = names.Local(key.LocalOwner.CgroupId, key.LocalAddress, waited);
        }

        if (!names.TryNameHolder(holders.Remote, waited, out NamedEnd remote))
        {
            remote = NameRemote(in key, waited);
        }

        var found = new LinkHolders(local.Holder, remote.Holder);
        if (local.IsWaiting || remote.IsWaiting)
        {
            return LinkEnds.HeldFor(found);
        }

        names.Count(local);
        names.Count(remote);
        bool provisional = local.IsProvisional || remote.IsProvisional;
        return key.Role == LinkRole.Server
            ? new LinkEnds(remote.Workload, local.Workload, provisional, found)
            : new LinkEnds(local.Workload, remote.Workload, provisional, found);
    }

    /// <summary>
    /// Gives up the names that no link bears any more, where there are many. After a poll: <paramref name="links"/> must know all numbers
    /// that were handed out and are still wanted.
    /// </summary>
    public void Tidy(LinkTable links)
    {
        if (names.WantsTidying)
        {
            _used.Clear();
            links.AddWorkloads(_used);
            names.Tidy(_used);
        }
    }

    // The socket behind a service's address is known on its own node only: shown there, the same call would have two names in a cluster.
    private NamedEnd NameRemote(in LinkKey key, TimeSpan waited)
    {
        bool isClient = key.Role == LinkRole.Client;
        if ((key.Flags & LinkKeyFlags.PeerKnown) == 0 || (!rules.ServiceAsWorkload && names.IsService(key.RemoteAddress)))
        {
            return names.Remote(key.RemoteAddress, waited, isClient ? key.ServerPort : (ushort)0);
        }

        // Also while it waits: the peer's control group is read while it is there.
        NamedEnd peer = names.Local(key.RemoteOwner.CgroupId, key.RemoteAddress, waited);
        return isClient && !rules.ServiceAsWorkload && names.MayBecomeService(key.RemoteAddress, waited) ? NamedEnd.Waiting : peer;
    }
}
