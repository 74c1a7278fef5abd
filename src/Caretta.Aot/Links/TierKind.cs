namespace Caretta.Aot.Links;

/// <summary>The tiers, best first. All count the same bytes; they differ in what they know besides, and in what they cost.</summary>
internal enum TierKind
{
    /// <summary>
    /// Linux 5.12 with types and cgroup v2. Nothing runs between two state changes of a socket but one visit per poll; adopts open
    /// connections; finds the owners of both ends.
    /// </summary>
    Main,

    /// <summary>
    /// Linux 5.9 with types and cgroup v2. Live connections are accounted as acknowledgements come and go; the owner of the local end is
    /// known; connections that were open before launch are not seen.
    /// </summary>
    SockopsTypes,

    /// <summary>Linux 5.10 with cgroup v2. Likewise, and no owner is known: needs neither types nor CAP_PERFMON.</summary>
    Sockops,

    /// <summary>
    /// Linux 4.17 with types of its own or carried with the agent. Knows owners, and adopts an open connection with its first packet. A
    /// program runs for each packet that comes in.
    /// </summary>
    Tracing,

    /// <summary>
    /// Linux 4.16 with cgroup v2. As <see cref="Sockops"/>, but the bytes of a connection that only receives are seen when it closes,
    /// and after some ways to close a FIN may have been taken for a byte.
    /// </summary>
    SockopsPlain,
}
