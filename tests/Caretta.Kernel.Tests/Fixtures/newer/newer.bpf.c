// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What kernels and libbpf learnt after libbpf 1.1: callbacks of exceptions, variables in an arena, structs behind links. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define BPF_MAP_TYPE_ARENA 33

struct tcp_congestion_ops {
	__u32 (*ssthresh)(void *sk);
	char name[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
} arena SEC(".maps");

__u64 counted SEC(".addr_space.1") = 5;
__u32 also_counted SEC(".addr_space.1") = 6;

static __noinline int helper_of_callback(int a)
{
	return a * 3 + also_counted;
}

__noinline int on_exception(__u64 cookie)
{
	return helper_of_callback(cookie);
}

SEC("tc")
__attribute__((btf_decl_tag("exception_callback:on_exception"))) int throws(struct __sk_buff *skb)
{
	return counted + also_counted;
}

SEC("tc")
int does_not_throw(struct __sk_buff *skb)
{
	return counted;
}

SEC("struct_ops")
__u32 later(__u64 *ctx)
{
	return 2;
}

SEC("?.struct_ops.link")
struct tcp_congestion_ops not_by_itself = {
	.ssthresh = (void *)later,
	.name = "caretta_later",
};

char LICENSE[] SEC("license") = "GPL";
