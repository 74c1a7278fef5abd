// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Hooks of sockets and of netfilter. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NF_ACCEPT 1

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

__u64 count;

SEC("?sk_skb/stream_verdict")
int stream(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&count, 1);
	return SK_PASS;
}

SEC("?sk_msg")
int message(struct sk_msg_md *msg)
{
	__sync_fetch_and_add(&count, 1);
	return SK_PASS;
}

SEC("?netfilter")
int packet(void *ctx)
{
	__sync_fetch_and_add(&count, 1);
	return NF_ACCEPT;
}

char LICENSE[] SEC("license") = "GPL";
