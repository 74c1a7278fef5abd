/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Sections of every kind that the agent uses, several programs in one section, and functions shared in every way: called
 * by two programs, called by each other, passed as callbacks, static and global.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual BSD/GPL";

static __attribute__((noinline)) int first(__u64 value)
{
	/* The function at offset 0 of its section. */
	return bpf_get_prandom_u32() + value;
}

static __attribute__((noinline)) int middle(__u64 value)
{
	/* A static call within the section: no relocation. */
	return first(value) * 3;
}

__attribute__((noinline)) int visible(__u64 value)
{
	return middle(value) + first(value + 1);
}

static long count(__u32 index, void *context)
{
	*(__u64 *)context += first(index);
	return 0;
}

__attribute__((noinline)) long count_global(__u32 index, void *context)
{
	return index > 3;
}

SEC("xdp")
int drop_all(struct xdp_md *context)
{
	return first((__u64)context->data) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int through_visible(struct xdp_md *context)
{
	return visible(context->rx_queue_index) & 1;
}

SEC("xdp")
int through_callbacks(struct xdp_md *context)
{
	__u64 sum = 0;

	bpf_loop(4, count, &sum, 0);
	bpf_loop(8, count_global, 0, 0);
	return sum > 2;
}

SEC("sockops")
int on_socket(struct bpf_sock_ops *context)
{
	return 1;
}

SEC("tp_btf/inet_sock_set_state")
int on_state(__u64 *context)
{
	return middle(context[1]) * 0;
}

SEC("iter/bpf_sk_storage_map")
int walk_sockets(void *context)
{
	return 0;
}

SEC("iter.s/task_file")
int walk_files(void *context)
{
	return 0;
}

SEC("fentry/tcp_close")
int on_close(__u64 *context)
{
	return 0;
}

SEC("tracepoint/sock/inet_sock_set_state")
int on_tracepoint(void *context)
{
	return 0;
}

SEC("cgroup/connect4")
int on_connect(struct bpf_sock_addr *context)
{
	return 1;
}

SEC("cgroup_skb/egress")
int on_packet(struct __sk_buff *context)
{
	return 1;
}

SEC("tc")
int classify(struct __sk_buff *context)
{
	return 0;
}

SEC("classifier/uplink")
int classify_uplink(struct __sk_buff *context)
{
	return 0;
}

SEC("?kprobe/tcp_sendmsg")
int only_on_request(void *context)
{
	return 0;
}

SEC("something/else")
int unknown_section(void *context)
{
	return 0;
}
