using System.Runtime.InteropServices;

namespace Caretta.Aot.Links;

/// <summary>What a sweep found on one live socket: <c>struct swept_link</c> of <c>bpf/caretta.h</c>, 136 bytes, the same in memory.</summary>
/// <param name="Link">The link.</param>
/// <param name="Delta">What is new since the last account of the socket.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SweptLink(LinkKey Link, LinkDelta Delta);
