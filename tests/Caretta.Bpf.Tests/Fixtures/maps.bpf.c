/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
 *
 * Maps as a program may declare them: by size and by type, in maps, with initial values, pinned.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual MIT/GPL";

struct key {
	__u32 address;
	__u16 port;
	__u16 _pad;
};

struct value {
	__u64 sent;
	__u64 received;
};

struct links {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, struct value);
};

struct links links_a SEC(".maps"), links_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct links);
} active SEC(".maps") = {
	.values = { &links_a, (void *)0, &links_b },
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 8);
	__uint(key_size, sizeof(__u32));
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 16);
		__uint(key_size, 4);
		__uint(value_size, 12);
	});
} by_name SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct value);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__uint(map_extra, 5);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__uint(numa_node, 1);
	__uint(map_flags, BPF_F_NUMA_NODE);
	__type(value, __u32);
} seen SEC(".maps");

int tail_one(struct __sk_buff *context);
int tail_two(struct __sk_buff *context);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 6);
	__uint(key_size, 4);
	__array(values, int(void *));
} tails SEC(".maps") = {
	.values = {
		[1] = (void *)&tail_one,
		[4] = (void *)&tail_two,
	},
};

SEC("tc")
int tail_one(struct __sk_buff *context)
{
	return 1;
}

SEC("tc")
int tail_two(struct __sk_buff *context)
{
	return 2;
}

SEC("tc")
int use_all(struct __sk_buff *context)
{
	struct key key = { .address = context->remote_ip4 };
	struct value fresh = {};
	__u32 zero = 0;
	void *links, *inner;

	links = bpf_map_lookup_elem(&active, &zero);
	if (links)
		bpf_map_update_elem(links, &key, &fresh, BPF_NOEXIST);
	inner = bpf_map_lookup_elem(&by_name, &zero);
	if (inner)
		bpf_map_lookup_elem(inner, &zero);
	bpf_map_push_elem(&seen, &zero, 0);
	if (context->sk)
		bpf_sk_storage_get(&sockets, context->sk, &fresh, BPF_SK_STORAGE_GET_F_CREATE);
	bpf_ringbuf_output(&events, &fresh, sizeof(fresh), 0);
	bpf_tail_call(context, &tails, 4);
	return 0;
}
