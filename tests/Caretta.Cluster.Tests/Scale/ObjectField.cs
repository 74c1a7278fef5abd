namespace Caretta.Cluster.Tests.Scale;

/// <summary>What differs between objects of one template.</summary>
internal enum ObjectField
{
    Name,
    Generate,
    Namespace,
    Uid,
    Version,
    Workload,
    Hash,
    Digest,
    OwnerVersion,
    OwnerKind,
    Owner,
    OwnerUid,
    Node,
    HostIP,
    Ip,
    Ip6,
    Container,
    Cidr,
}
