namespace Caretta.Aot.Links;

/// <summary><c>enum link_flags</c> of <c>bpf/caretta.h</c>.</summary>
[Flags]
internal enum LinkKeyFlags : byte
{
    /// <summary>Only the local socket is known.</summary>
    None = 0,

    /// <summary>Both sockets live on this machine: the remote owner is exact.</summary>
    PeerKnown = 1,
}
