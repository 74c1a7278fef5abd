namespace Caretta.Aot.Links;

/// <summary>Role of the local end: <c>enum link_role</c> of <c>bpf/caretta.h</c>, and the value of the label <c>role</c>.</summary>
internal enum LinkRole : byte
{
    /// <summary>The local end connected.</summary>
    Client = 1,

    /// <summary>The local end accepted.</summary>
    Server = 2,
}
