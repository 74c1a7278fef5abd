namespace Caretta.Bpf;

/// <summary>A place that packets come by, <c>include/uapi/linux/netfilter.h</c>.</summary>
/// <param name="Family">NFPROTO_IPV4 (2) or NFPROTO_IPV6 (10).</param>
/// <param name="Number">NF_INET_PRE_ROUTING (0), LOCAL_IN (1), FORWARD (2), LOCAL_OUT (3) or POST_ROUTING (4).</param>
/// <param name="Priority">Lower ones come first; neither the lowest nor the highest number there is.</param>
public readonly record struct BpfNetfilterHook(int Family, int Number, int Priority);
