// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What agents that watch packets do, at its leanest: per packet one look at the headers, one at a table, two additions. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct flow {
	__u32 source, destination;
	__u16 source_port, destination_port;
};

struct traffic {
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, struct traffic);
} flows SEC(".maps");

SEC("tc")
int count(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct traffic *seen, first = { 1, skb->len };
	struct flow flow;

	if ((void *)(tcp + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP)
		return TC_ACT_UNSPEC;
	flow = (struct flow){ ip->saddr, ip->daddr, tcp->source, tcp->dest };
	seen = bpf_map_lookup_elem(&flows, &flow);
	if (!seen) {
		bpf_map_update_elem(&flows, &flow, &first, BPF_ANY);
		return TC_ACT_UNSPEC;
	}
	__sync_fetch_and_add(&seen->packets, 1);
	__sync_fetch_and_add(&seen->bytes, skb->len);
	return TC_ACT_UNSPEC;
}
